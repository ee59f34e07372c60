//! How the operator learns of what only the operator can mend: a line in the log, a count at the Directory, and a message to the
//! configured address, of each kind once an hour.

use worker::Env;

use crate::{
    engine::{
        alert::Alert,
        directory::{
            alerts,
            messages::{Answer, Command, Standing},
        },
        portal::endpoints::message,
    },
    platform::{clock, deliver, directory_object as directory, log, random},
    values::{
        config::Config,
        http::Outcome,
        ids::{ConnectionId, MessageId},
    },
};

/// Raises an alert. Whoever raises it goes on: an alert that cannot be passed on is raised again by what is wrong.
pub async fn raise(env: &Env, config: &Config, alert: Alert, connection: Option<ConnectionId>) {
    let id = connection.as_ref().map(ToString::to_string);
    log::line("the operator is needed", &[("alert", alert.as_str().into()), ("connection.id", id.into())]);
    // A Directory that does not answer has logged why.
    if let Ok(Answer::Alerted(Some(standing))) =
        directory::ask(env, &Command::Alert { alert, connection }).await
        && tell(config, &standing).await
    {
        let _ = directory::ask(env, &Command::AlertTold { alert }).await;
    }
}

async fn tell(config: &Config, standing: &Standing) -> bool {
    let Some(url) = &config.alert_url else { return false };
    let now = clock::now();
    let body = alerts::message(standing, &config.product_name, now);
    let secrets = config.alert_secret.clone().into_iter().collect::<Vec<_>>();
    let post = message::post(url.expose(), &MessageId::from_random(random::bytes()), now, body, &secrets);
    let sent = deliver::send(&post).await;
    let taken = matches!(&sent, Outcome::Answered(response) if (200..300).contains(&response.status));
    if !taken {
        log::line("the operator's address did not take an alert", &[]);
    }
    taken
}
