//! The page that shows the API's document, drawn by Swagger UI from its own files: no script and no style stands in the page.

use maud::{DOCTYPE, html};

use super::{Page, paths};

/// The page, for everybody: it shows what the public document says, and asks the API only with a key that a person types in.
pub fn docs(product: &str) -> Page {
    let html = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { "HubSpot API · " (product) }
                link rel="icon" type="image/svg+xml" href="/assets/icon.svg";
                link rel="stylesheet" href="/assets/swagger-ui.css";
                link rel="stylesheet" href="/assets/docs.css";
                script src="/assets/swagger-ui-bundle.js" defer {}
                script src="/assets/docs.js" defer {}
            }
            body {
                main id="main" data-document=(paths::OPENAPI) {
                    p { "This page needs JavaScript. The document itself: " a href=(paths::OPENAPI) { (paths::OPENAPI) } }
                }
            }
        }
    };
    Page { status: 200, html: html.into_string() }
}
