//! Names as hosts and HubSpot have them, and what holds of every one.

use proptest::prelude::*;

use super::{Unusable::*, *};

/// A text, and the host and registrable domain it stands for; one alone is both.
const SAME: &[(&str, &str)] = &[
    // As they should be.
    ("acme.com", "acme.com"),
    ("dropbox.com", "dropbox.com"),
    ("getdropbox.com", "getdropbox.com"),
    ("dropbox.jp", "dropbox.jp"),
    ("dash.ai", "dash.ai"),
    ("acme-corp.com", "acme-corp.com"),
    ("3m.com", "3m.com"),
    ("37signals.com", "37signals.com"),
    ("163pc.cn", "163pc.cn"),
    ("a.co", "a.co"),
    ("acme.io", "acme.io"),
    ("acme.dev", "acme.dev"),
    ("acme.app", "acme.app"),
    ("acme.agency", "acme.agency"),
    ("acme.international", "acme.international"),
    ("nic.bmw", "nic.bmw"),
    ("about.google", "about.google"),
    // Case, spaces, dots.
    ("ACME.COM", "acme.com"),
    ("Acme.Com", "acme.com"),
    (" acme.com ", "acme.com"),
    ("\tacme.com\r\n", "acme.com"),
    ("\u{a0}acme.com\u{a0}", "acme.com"),
    ("acme.com.", "acme.com"),
    ("acme.com..", "acme.com"),
    (".acme.com", "acme.com"),
    ("*.acme.com", "acme.com"),
    ("\u{feff}acme.com", "acme.com"),
    ("acme\u{200b}.com", "acme.com"),
    ("ac\u{ad}me.com", "acme.com"),
    ("\"acme.com\"", "acme.com"),
    ("<acme.com>", "acme.com"),
    ("(acme.com)", "acme.com"),
    ("acme.com,", "acme.com"),
    ("acme.com;", "acme.com"),
    // Schemes and what follows a host.
    ("http://acme.com", "acme.com"),
    ("https://acme.com", "acme.com"),
    ("HTTPS://ACME.COM/", "acme.com"),
    ("https://acme.com/", "acme.com"),
    ("https://acme.com/en/about-us", "acme.com"),
    ("https://acme.com/en/about-us.html?utm_source=hubspot&x=a@b.c#team", "acme.com"),
    ("acme.com/en", "acme.com"),
    ("acme.com?x=1", "acme.com"),
    ("acme.com#top", "acme.com"),
    ("acme.com / acme.de", "acme.com"),
    ("//acme.com/en", "acme.com"),
    ("http:acme.com", "acme.com"),
    ("http:/acme.com", "acme.com"),
    ("https:///acme.com", "acme.com"),
    ("http://https://acme.com", "acme.com"),
    ("https://http://www.acme.com/", "acme.com"),
    ("ftp://acme.com/pub", "acme.com"),
    ("acme.com\\en", "acme.com"),
    ("https://acme.com:443", "acme.com"),
    ("acme.com:8080", "acme.com"),
    ("acme.com:8080/en", "acme.com"),
    ("acme.com:", "acme.com"),
    ("https://user:secret@acme.com/", "acme.com"),
    ("https://user@acme.com:8443/x", "acme.com"),
    // www.
    ("www.acme.com", "acme.com"),
    ("WWW.ACME.COM", "acme.com"),
    ("https://www.acme.com/", "acme.com"),
    ("http://www.acme.com:80/index.html", "acme.com"),
    ("www2.acme.com", "acme.com"),
    ("www.www.acme.com", "acme.com"),
    ("www.acme.co.uk", "acme.co.uk"),
    ("www.org", "www.org"),
    ("www.co.uk", "www.co.uk"),
    ("https://www.www.org/", "www.org"),
    ("wwwacme.com", "wwwacme.com"),
    // Mailboxes.
    ("jane@acme.com", "acme.com"),
    ("Jane.Doe+news@ACME.com", "acme.com"),
    ("mailto:jane@acme.com", "acme.com"),
    ("<jane@acme.com>", "acme.com"),
    ("@acme.com", "acme.com"),
    ("jane@www.acme.com", "acme.com"),
    // Suffixes of several labels.
    ("acme.co.uk", "acme.co.uk"),
    ("acme.com.au", "acme.com.au"),
    ("acme.co.jp", "acme.co.jp"),
    ("acme.com.br", "acme.com.br"),
    ("acme.co.za", "acme.co.za"),
    ("acme.org.uk", "acme.org.uk"),
    ("acme.gov.uk", "acme.gov.uk"),
    ("acme.ac.at", "acme.ac.at"),
    ("acme.com.tr", "acme.com.tr"),
    ("acme.co.in", "acme.co.in"),
    ("acme.com.mx", "acme.com.mx"),
    ("acme.com.sg", "acme.com.sg"),
    ("acme.com.cn", "acme.com.cn"),
    ("acme.ne.jp", "acme.ne.jp"),
    ("acme.chuo.tokyo.jp", "acme.chuo.tokyo.jp"),
    ("city.kawasaki.jp", "city.kawasaki.jp"),
    ("www.ck", "www.ck"),
    ("acme.co.ck", "acme.co.ck"),
    ("parliament.uk", "parliament.uk"),
    // Private suffixes: each name below has an owner of its own.
    ("acme.myshopify.com", "acme.myshopify.com"),
    ("https://acme.myshopify.com/collections/all", "acme.myshopify.com"),
    ("acme.github.io", "acme.github.io"),
    ("acme.netlify.app", "acme.netlify.app"),
    ("acme.vercel.app", "acme.vercel.app"),
    ("acme.herokuapp.com", "acme.herokuapp.com"),
    ("acme.blogspot.com", "acme.blogspot.com"),
    ("acme.pages.dev", "acme.pages.dev"),
    ("acme.web.app", "acme.web.app"),
    ("acme.azurewebsites.net", "acme.azurewebsites.net"),
    ("acme.uk.com", "acme.uk.com"),
    ("acme.eu.com", "acme.eu.com"),
    ("acme.de.com", "acme.de.com"),
    ("acme.gb.net", "acme.gb.net"),
    // Other scripts, in letters and in punycode.
    ("münchen.de", "xn--mnchen-3ya.de"),
    ("MÜNCHEN.DE", "xn--mnchen-3ya.de"),
    ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
    ("XN--MNCHEN-3YA.DE", "xn--mnchen-3ya.de"),
    ("https://www.münchen.de/rathaus", "xn--mnchen-3ya.de"),
    ("straße.de", "xn--strae-oqa.de"),
    ("café-zürich.ch", "xn--caf-zrich-d4a5s.ch"),
    ("info@bücher.example", "xn--bcher-kva.example"),
    ("søstrene.no", "xn--sstrene-q1a.no"),
    ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
    ("ПРИМЕР.РФ", "xn--e1afmkfd.xn--p1ai"),
    ("xn--e1afmkfd.xn--p1ai", "xn--e1afmkfd.xn--p1ai"),
    ("例え.jp", "xn--r8jz45g.jp"),
    ("食狮.公司.cn", "xn--85x722f.xn--55qx5d.cn"),
    ("xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"),
    ("食狮.com.cn", "xn--85x722f.com.cn"),
    ("παράδειγμα.ελ", "xn--hxajbheg2az3al.xn--qxam"),
    ("한국.com", "xn--3e0b707e.com"),
    ("ａｃｍｅ．ｃｏｍ", "acme.com"),
    ("ＡＣＭＥ。com", "acme.com"),
    ("acme｡co｡jp", "acme.co.jp"),
    // Set aside for trying things out.
    ("acme.example", "acme.example"),
    ("acme-7.example", "acme-7.example"),
    ("acme.test", "acme.test"),
];

/// A text, the host it names, and the registrable domain.
const BELOW: &[(&str, &str, &str)] = &[
    ("eu.acme.com", "eu.acme.com", "acme.com"),
    ("www.eu.acme.com", "eu.acme.com", "acme.com"),
    ("https://shop.acme.co.uk/basket", "shop.acme.co.uk", "acme.co.uk"),
    ("blog.acme.com", "blog.acme.com", "acme.com"),
    ("mail.acme.com", "mail.acme.com", "acme.com"),
    ("a.b.c.acme.com", "a.b.c.acme.com", "acme.com"),
    ("med.stanford.edu", "med.stanford.edu", "stanford.edu"),
    ("dash.ai.dropbox.com", "dash.ai.dropbox.com", "dropbox.com"),
    ("jane@mail.acme.co.uk", "mail.acme.co.uk", "acme.co.uk"),
    ("foo_bar.acme.com", "foo_bar.acme.com", "acme.com"),
    ("_dmarc.acme.com", "_dmarc.acme.com", "acme.com"),
    ("cdn.acme.github.io", "cdn.acme.github.io", "acme.github.io"),
    ("checkout.acme.myshopify.com", "checkout.acme.myshopify.com", "acme.myshopify.com"),
    ("shop.münchen.de", "shop.xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
    ("www.食狮.公司.cn", "xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"),
    ("cloud.google.com", "cloud.google.com", "google.com"),
    ("developer.apple.com", "developer.apple.com", "apple.com"),
    ("www.parliament.uk", "parliament.uk", "parliament.uk"),
    ("members.parliament.uk", "members.parliament.uk", "parliament.uk"),
    ("sample.example.jp", "sample.example.jp", "example.jp"),
    ("www3.acme.de", "acme.de", "acme.de"),
    ("www123.acme.de", "www123.acme.de", "acme.de"),
    ("wwww.acme.de", "wwww.acme.de", "acme.de"),
    ("www.shop.www.acme.de", "shop.www.acme.de", "acme.de"),
];

/// What is never compared, and why.
const NEVER: &[(&str, Unusable)] = &[
    ("", Empty),
    ("   ", Empty),
    ("\u{feff}", Empty),
    ("\"\"", Empty),
    ("-", NotADomain),
    ("n/a", NotADomain),
    ("N/A", NotADomain),
    ("none", NotADomain),
    ("null", NotADomain),
    ("unknown", NotADomain),
    ("Acme Corporation", NotADomain),
    ("Acme Inc. (acme.com)", NotADomain),
    ("acme.com, acme.de", NotADomain),
    ("acme.com acme.de", NotADomain),
    ("acme", NotADomain),
    ("localhost", NotADomain),
    ("localhost:3000", NotADomain),
    ("http//acme.com", NotADomain),
    ("https://", NotADomain),
    ("http:///", NotADomain),
    ("jane@", NotADomain),
    ("jane@acme", NotADomain),
    ("acme..com", NotADomain),
    ("acme%2Ecom", NotADomain),
    ("acme.com:port", NotADomain),
    ("-acme.com", NotADomain),
    ("acme-.com", NotADomain),
    ("ac_me.com", NotADomain),
    ("xn--.com", NotADomain),
    ("xn--acme-.com", NotADomain),
    ("xn--99999999.com", NotADomain),
    ("+49 89 1234567", NotADomain),
    ("1,5", NotADomain),
    ("[acme.com]", NotADomain),
    ("{{company.domain}}", NotADomain),
    ("\u{1f600} acme.com", NotADomain),
    ("acme“s”.com", NotADomain),
    ("2026.11.22", NotADomain),
    ("1.5", NotADomain),
    ("..", NotADomain),
    ("192.168.1.1", IpAddress),
    ("http://192.168.1.1:8080/admin", IpAddress),
    ("10.0.0.1", IpAddress),
    ("8.8.8.8.", IpAddress),
    ("[2001:db8::1]", IpAddress),
    ("http://[::1]:3000/", IpAddress),
    ("2001:db8::1", IpAddress),
    ("acme.con", UnknownEnding),
    ("acme.cmo", UnknownEnding),
    ("acme.local", UnknownEnding),
    ("acme.internal", UnknownEnding),
    ("acme.lan", UnknownEnding),
    ("n.a", UnknownEnding),
    ("none.none", UnknownEnding),
    ("index.html", UnknownEnding),
    ("acme.invalid", UnknownEnding),
    ("1.2.3.x", UnknownEnding),
    ("com", NotADomain),
    ("co.uk", PublicSuffix),
    ("https://co.uk/", PublicSuffix),
    ("com.au", PublicSuffix),
    ("github.io", PublicSuffix),
    ("myshopify.com", PublicSuffix),
    ("blogspot.com", PublicSuffix),
    ("公司.cn", PublicSuffix),
    ("gmail.com", FreeMail),
    ("GMAIL.COM", FreeMail),
    ("www.gmail.com", FreeMail),
    ("jane@gmail.com", FreeMail),
    ("googlemail.com", FreeMail),
    ("hotmail.com", FreeMail),
    ("hotmail.co.uk", FreeMail),
    ("outlook.com", FreeMail),
    ("live.com", FreeMail),
    ("msn.com", FreeMail),
    ("yahoo.com", FreeMail),
    ("mail.yahoo.com", FreeMail),
    ("yahoo.co.jp", FreeMail),
    ("aol.com", FreeMail),
    ("icloud.com", FreeMail),
    ("me.com", FreeMail),
    ("proton.me", FreeMail),
    ("protonmail.com", FreeMail),
    ("gmx.de", FreeMail),
    ("web.de", FreeMail),
    ("t-online.de", FreeMail),
    ("orange.fr", FreeMail),
    ("libero.it", FreeMail),
    ("seznam.cz", FreeMail),
    ("mail.ru", FreeMail),
    ("yandex.ru", FreeMail),
    ("qq.com", FreeMail),
    ("163.com", FreeMail),
    ("naver.com", FreeMail),
    ("comcast.net", FreeMail),
    ("mailinator.com", FreeMail),
    ("privaterelay.appleid.com", FreeMail),
    ("linkedin.com", SharedHost),
    ("https://www.linkedin.com/company/acme/", SharedHost),
    ("https://de.linkedin.com/company/acme", SharedHost),
    ("facebook.com/acme", SharedHost),
    ("https://m.facebook.com/acme", SharedHost),
    ("https://www.instagram.com/acme/", SharedHost),
    ("twitter.com/acme", SharedHost),
    ("https://x.com/acme", SharedHost),
    ("https://www.youtube.com/@acme", SharedHost),
    ("https://sites.google.com/view/acme", SharedHost),
    ("https://docs.google.com/document/d/1", SharedHost),
    ("https://apps.apple.com/app/id1", SharedHost),
    ("https://linktr.ee/acme", SharedHost),
    ("https://medium.com/acme", SharedHost),
    ("acme.medium.com", SharedHost),
    ("https://github.com/acme", SharedHost),
    ("acme.weebly.com", SharedHost),
    ("bit.ly/3abc", SharedHost),
    ("https://www.etsy.com/shop/acme", SharedHost),
    ("https://en.wikipedia.org/wiki/Acme", SharedHost),
];

fn parsed(text: &str) -> Result<(String, String), Unusable> {
    Domain::parse(text).map(|domain| (domain.host().to_owned(), domain.registrable().to_owned()))
}

#[test]
fn each_name_is_what_a_person_would_take_it_for() {
    let same = SAME.iter().map(|(text, host)| (*text, Ok((*host, *host))));
    let below = BELOW.iter().map(|(text, host, registrable)| (*text, Ok((*host, *registrable))));
    let never = NEVER.iter().map(|(text, why)| (*text, Err(*why)));
    let all: Vec<_> = same.chain(below).chain(never).collect();
    assert!(all.len() >= 150, "{}", all.len());
    let wrong: Vec<String> = all
        .into_iter()
        .filter_map(|(text, expected)| {
            let expected = expected.map(|(host, registrable)| (host.to_owned(), registrable.to_owned()));
            let found = parsed(text);
            (found != expected).then(|| format!("{text:?} is {found:?} and not {expected:?}"))
        })
        .collect();
    assert_eq!(wrong.len(), 0, "{}", wrong.join("\n"));
}

#[test]
fn the_lists_are_sorted_and_every_line_of_them_is_found() {
    for (list, why) in [(FREE_MAIL, FreeMail), (SHARED, SharedHost)] {
        let lines: Vec<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.is_sorted() && lines.len() > 100);
        for line in &lines {
            assert!(has_line(list, line), "{line}");
            assert!(
                !has_line(list, &format!("{line}x")) && !has_line(list, &line[1..line.len() - 1]),
                "{line}"
            );
            assert_eq!(Domain::parse(line), Err(why), "{line}");
        }
    }
    assert!(!has_line("", "") && !has_line(FREE_MAIL, "") && !has_line(FREE_MAIL, "zzzz"));
}

#[test]
fn what_is_stored_was_made_by_the_list_that_the_program_holds() {
    let lock = include_str!("../../../Cargo.lock");
    let list =
        lock.split("name = \"structured-public-domains\"\nversion = \"").nth(1).expect("it is a dependency");
    let version = list.split('"').next();
    // Another version of the list: let `RULES` grow, so that every connection makes its index anew.
    assert_eq!((version, RULES), (Some("0.0.46"), 1));
}

/// Labels and suffixes of every shape the list has: plain, of two labels, wild, excepted, private.
const ENDS: [&str; 26] = [
    "com",
    "co.uk",
    "uk",
    "com.br",
    "jp",
    "tokyo.jp",
    "chuo.tokyo.jp",
    "kawasaki.jp",
    "city.kawasaki.jp",
    "ck",
    "www.ck",
    "co.ck",
    "github.io",
    "myshopify.com",
    "blogspot.com",
    "netlify.app",
    "公司.cn",
    "рф",
    "ελ",
    "er",
    "kobe.jp",
    "bd",
    "s3.amazonaws.com",
    "eu.com",
    "k12.ca.us",
    "gov.au",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Said once more, a name is the same; and so is its registrable domain.
    #[test]
    fn what_was_compared_once_is_compared_so_again(text in "[a-zA-Z0-9äßЖ食.。/:@ _-]{0,24}(com|co\\.uk|рф|de|github\\.io)?") {
        if let Ok(domain) = Domain::parse(&text) {
            let again = Domain::parse(domain.host()).expect("a domain is one");
            prop_assert_eq!(&again, &domain);
            let alone = Domain::parse(domain.registrable()).expect("so is what was registered");
            prop_assert_eq!(alone.registrable(), domain.registrable());
            prop_assert_eq!(alone.host(), domain.registrable());
        }
    }

    /// No text is too odd to be looked at.
    #[test]
    fn any_text_is_either_a_domain_or_not(text in any::<String>()) {
        if let Ok(domain) = Domain::parse(&text) {
            prop_assert!(domain.host().is_ascii() && domain.host().ends_with(domain.registrable()));
            prop_assert!(domain.host().len() <= NAME_BYTES);
        }
    }

    /// What stands around a name changes nothing.
    #[test]
    fn a_name_is_the_same_in_an_address(
        name in "[a-z][a-z0-9]{1,10}",
        end in prop::sample::select(ENDS.to_vec()),
        around in prop::sample::select(vec![
            ("", ""), ("https://", "/x?y=z#a"), ("http://www.", ":8080"), ("jane@", ""), (" ", "."), ("//", "/"),
        ]),
    ) {
        let bare = format!("{name}.{end}");
        // Below a suffix `www` is a name like any other.
        prop_assume!(Domain::parse(&bare) != Err(PublicSuffix));
        prop_assert_eq!(Domain::parse(&format!("{}{bare}{}", around.0, around.1)), Domain::parse(&bare));
        prop_assert_eq!(Domain::parse(&bare.to_uppercase()), Domain::parse(&bare));
    }

    /// The suffixes are those that another reading of the public suffix list finds.
    #[test]
    fn suffixes_are_those_of_the_list(labels in prop::collection::vec("[a-z]{2,8}", 0..3), end in prop::sample::select(ENDS.to_vec())) {
        let host = labels.iter().map(String::as_str).chain([end]).collect::<Vec<_>>().join(".");
        let found = structured_public_domains::lookup(&host).expect("labels");
        prop_assert_eq!(found.registrable_domain(), psl::domain_str(&host));
        prop_assert_eq!(Some(found.suffix()), psl::suffix_str(&host));
    }
}
