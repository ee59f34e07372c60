//! The fields that conditions may name where they ask of records of HubSpot's and of what the host sends.

use crate::values::filter::{Field, Fields, Filter};

/// HubSpot's fields, and the host's own, which are of whatever type a condition says they are.
pub(in crate::engine) struct WithHosts<'a> {
    /// HubSpot's.
    pub fields: &'a dyn Fields,
    /// Whose conditions name the host's own.
    pub filter: &'a Filter,
    /// Whether what a condition asks of is a record of HubSpot's.
    pub is_record: fn(Option<&str>) -> bool,
}

impl Fields for WithHosts<'_> {
    fn field(&self, of: Option<&str>, name: &str) -> Option<Field<'_>> {
        if (self.is_record)(of) {
            if name == "hs_object_id" {
                // Every record has one, and may be asked whether it is there.
                return Some(Field { label: "record", value_type: "number", ..Field::default() });
            }
            return self.fields.field(of, name);
        }
        let conditions = self.filter.conditions();
        let own = conditions.iter().find(|one| one.of() == of && one.property() == name)?;
        Some(Field { label: own.property(), value_type: own.kind().as_str(), ..Field::default() })
    }
}
