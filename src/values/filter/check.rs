//! A filter against the fields that a portal has: what was right when it was written may name what is not there.

use super::{Code, Condition, Fault, Filter, Kind, Operand, Operator, Scalar};

/// What fields there are, as they were last discovered.
pub trait Fields {
    /// A field by its internal name; of what belongs to the record if `of` names that. `None`: there is no such field.
    fn field(&self, of: Option<&str>, name: &str) -> Option<Field<'_>>;
}

/// No fields known: descriptions use internal names.
#[derive(Debug, Clone, Copy)]
pub struct NoFields;

impl Fields for NoFields {
    fn field(&self, _of: Option<&str>, _name: &str) -> Option<Field<'_>> {
        None
    }
}

/// One discovered field (`hubspot-api.md` 5).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Field<'a> {
    /// What people see.
    pub label: &'a str,
    /// HubSpot's `type`.
    pub value_type: &'a str,
    /// HubSpot's `fieldType`.
    pub field_type: &'a str,
    /// Values and labels of the options. Empty if they are not known (owners, stages): then any value passes.
    pub options: Vec<(&'a str, &'a str)>,
}

/// What a filter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// To select records by what they are: `changed` has no meaning.
    Selection,
    /// To select changes.
    Trigger,
}

impl Filter {
    /// Everything that is wrong with it for these fields and this use, in the order written; empty if it may be saved.
    pub fn check(&self, fields: &dyn Fields, purpose: Use) -> Vec<Fault> {
        let mut faults = Vec::new();
        self.visit(&mut String::new(), &mut |path, condition| {
            condition.check(path, fields, purpose, &mut faults);
        });
        faults
    }
}

impl Condition {
    fn check(&self, path: &str, fields: &dyn Fields, purpose: Use, faults: &mut Vec<Fault>) {
        let mut fault = |key: &str, code, detail: String| {
            faults.push(Fault { path: format!("{path}{key}"), code, detail });
        };
        if purpose == Use::Selection && self.depends_on_change() {
            let detail = format!(
                "\"{}\" asks what changed; here records are selected by what they are. Use it in a trigger.",
                self.operator.definition().name
            );
            fault("/operator", Code::ChangeNotAllowed, detail);
        }
        let Some(field) = fields.field(self.of(), self.property()) else {
            let owner = self.of().map(|of| format!(" of {of}")).unwrap_or_default();
            let detail = format!(
                "There is no field `{}`{owner} in HubSpot. Refresh the fields or choose another.",
                self.property()
            );
            return fault("/property", Code::UnknownField, detail);
        };
        let kind = field.kind();
        if !fits(self.kind, &field) {
            let detail = match kind {
                Some(kind) => {
                    format!("`{}` is {}: \"type\" is \"{}\".", self.property(), kind.words(), kind.as_str())
                }
                None => format!(
                    "`{}` is of HubSpot's type `{}`, which only \"type\": \"string\" reads.",
                    self.property(),
                    field.value_type
                ),
            };
            return fault("/type", Code::WrongType, detail);
        }
        let known = |choice: &str| {
            field.options.is_empty() || field.options.iter().any(|(value, _)| *value == choice)
        };
        let mut option = |key: &str, scalar: &Scalar| {
            if let Scalar::Choice(choice) = scalar
                && !known(choice)
            {
                let detail = match field.options.iter().find(|(_, label)| *label == choice) {
                    Some((value, _)) => format!("`{choice}` is an option's label; its value is `{value}`."),
                    None => format!("`{}` has no option `{choice}`.", self.property()),
                };
                fault(key, Code::UnknownOption, detail);
            }
        };
        match &self.operand {
            Operand::One(value) => option("/value", value),
            Operand::Many(values) => {
                for (index, value) in values.iter().enumerate() {
                    option(&format!("/values/{index}"), value);
                }
                let needs_several = matches!(self.operator, Operator::AllOf | Operator::Exactly);
                if needs_several && values.len() > 1 && !field.takes_several() {
                    let detail = format!(
                        "`{}` holds one option at a time and can never have all of these. Use \"any_of\".",
                        self.property()
                    );
                    fault("/values", Code::Never, detail);
                }
            }
            Operand::Nothing | Operand::Range(..) | Operand::Span(_) | Operand::Period(_) => {}
        }
    }
}

impl Field<'_> {
    /// What conditions on it read its values as; `None` for a type this build does not know.
    pub fn kind(&self) -> Option<Kind> {
        match Kind::parse(self.value_type) {
            // HubSpot's `phone` is a string shown as a telephone number.
            Some(Kind::String) if self.field_type == "phonenumber" => Some(Kind::PhoneNumber),
            Some(Kind::Enumeration) if self.field_type == "booleancheckbox" => Some(Kind::Bool),
            kind => kind,
        }
    }

    /// Whether a value may be several options, or that is not known.
    fn takes_several(&self) -> bool {
        !matches!(self.field_type, "select" | "radio" | "booleancheckbox")
    }
}

/// Whether values of a field can be read as that kind: as its own, as what HubSpot calls its type, and as texts where they
/// are such or unknown.
fn fits(kind: Kind, field: &Field<'_>) -> bool {
    let own = Kind::parse(field.value_type);
    field.kind() == Some(kind)
        || own == Some(kind)
        || (kind == Kind::String && matches!(own, None | Some(Kind::PhoneNumber)))
}
