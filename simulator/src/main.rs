//! The simulator over HTTP: `hubspot-simulator --port 0 --contacts 20000`.
//!
//! Prints one JSON line when it listens: `url`, `control`, the first app with its secret, the account and its sign-in.
//! Everything else is asked and told through the control API ([`hubspot_simulator::control`]).

mod server;

use std::io::Write as _;
use std::net::IpAddr;
use std::process::ExitCode;

use clap::Parser;
use hubspot_simulator::control::{ALL_SCOPES, stream};
use hubspot_simulator::grants::{App, Distribution, User};
use hubspot_simulator::objects::kind::{COMPANIES, DEALS};
use hubspot_simulator::portal::{PortalSettings, Tier};
use hubspot_simulator::webhooks::Subscription;
use hubspot_simulator::{Shape, Simulator, Switches};
use serde_json::json;

use crate::server::{Server, now_ms};

/// Imitates HubSpot closely enough to be wrong about.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Decides every random choice
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Id of the first account
    #[arg(long, default_value_t = 8_811_001)]
    portal_id: u64,
    /// Accounts, all alike, with ascending ids
    #[arg(long, default_value_t = 1)]
    portals: u64,
    /// Contacts per account
    #[arg(long, default_value_t = 1_000)]
    contacts: u32,
    /// Companies per account
    #[arg(long, default_value_t = 0)]
    companies: u32,
    /// Deals per account
    #[arg(long, default_value_t = 0)]
    deals: u32,
    /// Link contacts, companies and deals with each other
    #[arg(long)]
    associations: bool,
    /// Properties with a value per record, on average
    #[arg(long, default_value_t = Shape::default().properties_set)]
    properties: u32,
    /// Custom properties of an account, besides HubSpot's own
    #[arg(long, default_value_t = Shape::default().custom_properties)]
    custom_properties: u32,
    /// Properties of HubSpot's own of each type in an account; all (400 of contacts) if absent
    #[arg(long)]
    hubspot_properties: Option<u32>,
    /// What the accounts pay for, which decides limits
    #[arg(long, value_enum, default_value = "free")]
    tier: TierName,
    /// Delay of every answer except the control API's, milliseconds
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// Refuse no call with 429 (calls are still counted)
    #[arg(long)]
    no_limits: bool,
    /// Calls per ten seconds and app, instead of what tier and distribution give
    #[arg(long)]
    ten_secondly_limit: Option<u32>,
    /// The app's client id
    #[arg(long, default_value = "7fff1e36-2d40-4ae1-bbb1-5266d59564fb")]
    client_id: String,
    /// The app's client secret, which also signs its webhooks
    #[arg(long, default_value = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy")]
    client_secret: String,
    /// Where the app lets people be sent back; may be given more than once
    #[arg(long)]
    redirect_uri: Vec<String>,
    /// Scopes the app requires, separated by spaces or commas
    #[arg(long, default_value = "oauth crm.objects.contacts.read")]
    scopes: String,
    /// Scopes the app may ask for besides; all others that are modelled if absent
    #[arg(long)]
    optional_scopes: Option<String>,
    /// The app's name on the approval page
    #[arg(long, default_value = "Spoke")]
    app_name: String,
    /// Treat the app as publicly distributed (110 calls in ten seconds, no daily limit)
    #[arg(long)]
    public: bool,
    /// Where the app's webhooks go
    #[arg(long)]
    webhook_url: Option<String>,
    /// Properties whose changes the app's webhooks report, separated by commas
    #[arg(long, default_value = "email,firstname,lastname,phone,company,jobtitle,lifecyclestage")]
    webhook_properties: String,
    /// Properties of companies whose changes the app's webhooks report, separated by commas
    #[arg(long, default_value = "name,domain,phone,lifecyclestage,hubspot_owner_id")]
    webhook_company_properties: String,
    /// Properties of deals whose changes the app's webhooks report, separated by commas
    #[arg(long, default_value = "dealname,dealstage,pipeline,amount,closedate,hubspot_owner_id")]
    webhook_deal_properties: String,
    /// Random edits of contacts per second in the first account
    #[arg(long, default_value_t = 0.0)]
    edits_per_second: f64,
    /// Multiplies the waits between two attempts of a webhook delivery
    #[arg(long, default_value_t = 1.0)]
    retry_scale: f64,
    /// A switch as JSON: `--switch search_lag_min_ms=0 --switch 'list_after="opaque"'`
    #[arg(long = "switch", value_name = "NAME=JSON", value_parser = switch)]
    switches: Vec<(String, serde_json::Value)>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum TierName {
    Free,
    Professional,
    Enterprise,
}

fn switch(text: &str) -> Result<(String, serde_json::Value), String> {
    let (name, value) = text.split_once('=').ok_or("write it as name=value")?;
    // A bare word is meant as a text.
    let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
    Ok((name.to_owned(), value))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended =
        runtime.map_err(|error| error.to_string()).and_then(|runtime| runtime.block_on(run(arguments)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("hubspot-simulator: {message}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    let address = (arguments.host, arguments.port);
    let listener = tokio::net::TcpListener::bind(address).await.map_err(|error| {
        format!("can not listen on {}:{}: {error}; choose another --port, or 0", address.0, address.1)
    })?;
    let bound = listener.local_addr().map_err(|error| error.to_string())?;
    let mut simulator = Simulator::new(arguments.seed, switches(&arguments)?);
    let mut started = furnish(&mut simulator, &arguments);
    started["port"] = bound.port().into();
    started["url"] = format!("http://{bound}").into();
    started["control"] = format!("http://{bound}/__control/").into();
    println!("{started}");
    // Whoever started this waits for the line.
    std::io::stdout().flush().map_err(|error| error.to_string())?;
    Server::new(simulator, arguments.latency_ms).run(listener).await.map_err(|error| error.to_string())
}

fn switches(arguments: &Arguments) -> Result<Switches, String> {
    let standard = Switches {
        limits_enforced: !arguments.no_limits,
        ten_secondly_limit: arguments.ten_secondly_limit,
        webhook_time_scale: arguments.retry_scale,
        ..Switches::default()
    };
    let mut all = json!(standard);
    for (name, value) in &arguments.switches {
        all[name] = value.clone();
    }
    serde_json::from_value(all).map_err(|error| format!("--switch: {error}"))
}

/// Opens the accounts, the app and the one person; what whoever started this needs to know of them.
fn furnish(simulator: &mut Simulator, arguments: &Arguments) -> serde_json::Value {
    let now_ms = now_ms();
    let tier = match arguments.tier {
        TierName::Free => Tier::FreeOrStarter,
        TierName::Professional => Tier::Professional,
        TierName::Enterprise => Tier::Enterprise,
    };
    let shape = Shape {
        properties_set: arguments.properties,
        custom_properties: arguments.custom_properties,
        ..Shape::default()
    };
    let ids: Vec<u64> = (0..arguments.portals.max(1)).map(|n| arguments.portal_id + n).collect();
    for (n, &portal_id) in ids.iter().enumerate() {
        let name = if n == 0 { "Example Inc".to_owned() } else { format!("Example Inc {}", n + 1) };
        let hubspot_properties = arguments.hubspot_properties;
        let settings = PortalSettings { name, tier, hubspot_properties, ..PortalSettings::default() };
        simulator.add_portal(portal_id, settings);
        if let Some((portal, mut turn)) = simulator.portal_turn(portal_id, now_ms) {
            portal.seed_contacts(&mut turn, arguments.contacts, &shape);
            for (kind, count) in [(&COMPANIES, arguments.companies), (&DEALS, arguments.deals)] {
                if count > 0 {
                    portal.seed(&mut turn, kind, count, &shape);
                }
            }
            if arguments.associations {
                portal.seed_associations(now_ms);
            }
        }
    }
    if let Some((portal, _)) = simulator.portal_turn(ids[0], now_ms) {
        portal.set_stream(stream(arguments.edits_per_second));
    }
    let words = |text: &str| -> Vec<String> {
        text.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let required_scopes = words(&arguments.scopes);
    let optional_scopes = match &arguments.optional_scopes {
        Some(text) => words(text),
        None => ALL_SCOPES.map(str::to_owned).to_vec(),
    };
    let subscriptions = [
        Subscription::contacts(&arguments.webhook_properties.split(',').collect::<Vec<_>>()),
        Subscription::companies(&arguments.webhook_company_properties.split(',').collect::<Vec<_>>()),
        Subscription::deals(&arguments.webhook_deal_properties.split(',').collect::<Vec<_>>()),
    ]
    .concat();
    let app = simulator.put_app(App {
        name: arguments.app_name.clone(),
        client_id: arguments.client_id.clone(),
        client_secret: arguments.client_secret.clone(),
        redirect_uris: arguments.redirect_uri.clone(),
        required_scopes,
        optional_scopes,
        distribution: if arguments.public { Distribution::Public } else { Distribution::Private },
        target_url: arguments.webhook_url.clone(),
        subscriptions,
        ..App::default()
    });
    let user = simulator.put_user(User {
        email: "admin@example.com".into(),
        portals: ids.iter().copied().collect(),
        ..User::default()
    });
    json!({
        "portal_id": ids[0],
        "portals": ids,
        "app_id": app.app_id,
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "email": user.email,
        "password": user.password,
    })
}
