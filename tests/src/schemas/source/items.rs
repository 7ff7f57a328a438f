//! Items in parts, so that one can go wrong at a known place.

use super::spell::space;
use fastrand::Rng;

/// All that a model is written as.
#[derive(Debug, Clone)]
pub(in crate::schemas) struct Items {
    pub(in crate::schemas) structs: Vec<Struct>,
    pub(in crate::schemas) enums: Vec<Enum>,
    /// Exactly one, where nothing is wrong.
    pub(in crate::schemas) lists: Vec<List>,
    /// Whole items.
    pub(in crate::schemas) others: Vec<String>,
}

/// A struct.
#[derive(Debug, Clone)]
pub(in crate::schemas) struct Struct {
    /// Its derives.
    pub(in crate::schemas) derive: String,
    /// Whole attributes.
    pub(in crate::schemas) attrs: Vec<String>,
    /// Its name, and what may follow it.
    pub(in crate::schemas) name: String,
    pub(in crate::schemas) fields: Vec<Field>,
}

/// A field.
#[derive(Debug, Clone)]
pub(in crate::schemas) struct Field {
    /// Whole attributes.
    pub(in crate::schemas) attrs: Vec<String>,
    pub(in crate::schemas) name: String,
    pub(in crate::schemas) ty: String,
}

/// An enum.
#[derive(Debug, Clone)]
pub(in crate::schemas) struct Enum {
    /// Its derives.
    pub(in crate::schemas) derive: String,
    /// Its name, and what may follow it.
    pub(in crate::schemas) name: String,
    /// With their attributes.
    pub(in crate::schemas) variants: Vec<String>,
}

/// The list of the structs of a domain.
#[derive(Debug, Clone)]
pub(in crate::schemas) struct List {
    pub(in crate::schemas) name: String,
    /// As paths.
    pub(in crate::schemas) structs: Vec<String>,
}

impl Items {
    /// Each item as text.
    pub(super) fn texts(&self, rng: &mut Rng) -> Vec<String> {
        let structs: Vec<String> = self.structs.iter().map(|s| s.text(rng)).collect();
        let enums: Vec<String> = self.enums.iter().map(|e| e.text(rng)).collect();
        let lists: Vec<String> = self.lists.iter().map(|l| l.text(rng)).collect();
        structs.into_iter().chain(enums).chain(lists).chain(self.others.clone()).collect()
    }
}

/// What may stand among attributes and means nothing to us.
const OTHERS: [&str; 6] = [
    "#[allow(dead_code)]",
    "/// It's a \"doc\".",
    "#[doc = \"\\\"\"]",
    "#[cfg(all())]",
    "/** [`x`] */",
    "#[rustfmt::skip]",
];

fn attributes(rng: &mut Rng, attrs: &[String]) -> String {
    let mut attrs = attrs.to_vec();
    if rng.u8(..6) == 0 {
        attrs.push(rng.choice(OTHERS).unwrap_or_default().to_owned());
    }
    rng.shuffle(&mut attrs);
    // A line comment, which documentation may be, ends with its line.
    attrs.into_iter().map(|attr| format!("{attr}\n{}", space(rng))).collect()
}

fn visibility(rng: &mut Rng) -> &'static str {
    rng.choice(["pub ", "", "pub(crate) ", "pub(in crate) ", "pub\n"]).unwrap_or("pub ")
}

impl Struct {
    fn text(&self, rng: &mut Rng) -> String {
        let mut attrs = self.attrs.clone();
        attrs.push(self.derive.clone());
        let head = format!("{}{}struct {}", attributes(rng, &attrs), visibility(rng), self.name);
        let mut fields: Vec<String> = self.fields.iter().map(|f| f.text(rng)).collect();
        if let Some(last) = fields.last_mut().filter(|_| rng.u8(..4) == 0) {
            *last = last.trim_end_matches(',').to_owned();
        }
        format!("{head}{}{{\n{}\n}}", space(rng), fields.join("\n"))
    }
}

impl Field {
    fn text(&self, rng: &mut Rng) -> String {
        let (attrs, visibility) = (attributes(rng, &self.attrs), visibility(rng));
        format!("{attrs}{visibility}{}{}:{}{},", self.name, space(rng), space(rng), self.ty)
    }
}

impl Enum {
    fn text(&self, rng: &mut Rng) -> String {
        let head =
            format!("{}{}enum {}", attributes(rng, std::slice::from_ref(&self.derive)), visibility(rng), self.name);
        format!("{head}{}{{ {} }}", space(rng), self.variants.join(", "))
    }
}

impl List {
    fn text(&self, rng: &mut Rng) -> String {
        let path = rng.choice(["windrow::domain", "domain", "::windrow::domain"]).unwrap_or("domain");
        let comma = if rng.bool() { "," } else { "" };
        let doc = if rng.bool() { "/// It's shared.\n" } else { "" };
        let structs = self.structs.join(",\n");
        let name = format!("{}{}{}", visibility(rng), self.name, space(rng));
        let said = format!("{doc}{name}={}[{structs}{comma}]", space(rng));
        match rng.u8(..3) {
            0 => format!("{path}!({said});"),
            1 => format!("{path}![{said}];"),
            _ => format!("{path}! {{ {said} }}"),
        }
    }
}
