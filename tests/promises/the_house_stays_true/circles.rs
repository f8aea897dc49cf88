//! Which files of a crate name each other in a circle, as their `use` lines and paths say.
//!
//! Tests are left out: they may look at everything. A file named by a re-export of another counts as that
//! other one, as it does for whoever reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::slice::Iter;

/// A module's path in its crate; none for the crate's root.
type Module = Vec<String>;

/// The circles of a crate, each as the names of its files; its sources by their paths below `src/`.
pub(super) fn circles(sources: &BTreeMap<String, String>) -> Vec<Vec<String>> {
    let crate_ = Crate::read(sources);
    let names: BTreeMap<&Module, BTreeSet<Module>> =
        crate_.files.keys().map(|module| (module, crate_.named_by(module))).collect();
    let reached: BTreeMap<&Module, BTreeSet<Module>> =
        names.keys().map(|module| (*module, reach(&names, module))).collect();
    let mut circles: BTreeSet<Vec<String>> = BTreeSet::new();
    for (module, reaches) in &reached {
        let back = |other: &&Module| reached[*other].contains(*module);
        let circle: Vec<&Module> = reaches.iter().filter(back).collect();
        if circle.len() > 1 {
            circles
                .insert(circle.into_iter().map(|module| crate_.files[module].0.clone()).collect());
        }
    }
    circles.into_iter().collect()
}

/// Whether all files of a circle lie in one folder, with the file that is the folder's module.
pub(super) fn in_one_folder(circle: &[String]) -> bool {
    let parent = |file: &str| file.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let module = |file: &str| file.strip_suffix(".rs").unwrap_or(file).to_owned();
    let places = circle.iter().map(|file| BTreeSet::from([parent(file), module(file)]));
    places.reduce(|all, more| &all & &more).is_some_and(|folders| !folders.is_empty())
}

fn reach(names: &BTreeMap<&Module, BTreeSet<Module>>, from: &Module) -> BTreeSet<Module> {
    let (mut reached, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(module) = next.pop() {
        for named in &names[module] {
            if reached.insert(named.clone()) {
                next.extend(names.keys().find(|module| **module == named));
            }
        }
    }
    reached
}

/// A crate's files by their modules, each with its code.
struct Crate {
    files: BTreeMap<Module, (String, String)>,
}

impl Crate {
    fn read(sources: &BTreeMap<String, String>) -> Self {
        let (mut files, mut tests) = (BTreeMap::new(), BTreeSet::new());
        for (file, text) in sources.iter().filter(|(file, _)| *file != "main.rs") {
            let module = module_of(file);
            let (code, of_tests) = without_tests(text);
            tests.extend(of_tests.into_iter().map(|name| child(&module, &name)));
            files.insert(module, (file.clone(), code));
        }
        files.retain(|module: &Module, _| {
            !(1..=module.len()).any(|length| tests.contains(&module[..length]))
        });
        Self { files }
    }

    /// The modules that a module's file names.
    fn named_by(&self, module: &Module) -> BTreeSet<Module> {
        let (_, code) = &self.files[module];
        let mut named: BTreeSet<Module> =
            paths(code).iter().filter_map(|path| self.file_of(module, path)).collect();
        named.remove(module);
        named
    }

    /// The file that a path leads to: that of the longest part of it that is a module.
    fn file_of(&self, from: &Module, path: &[String]) -> Option<Module> {
        let (mut module, mut rest) = match path.first()?.as_str() {
            "crate" => (Module::new(), &path[1..]),
            "self" | "super" => (from.clone(), path),
            name if self.files.contains_key(&child(from, name)) => (from.clone(), path),
            _ => return None,
        };
        while let Some((step, later)) = rest.split_first() {
            match step.as_str() {
                "self" => {}
                "super" => drop(module.pop()),
                name if self.files.contains_key(&child(&module, name)) => module.push(name.into()),
                _ => break,
            }
            rest = later;
        }
        self.files.contains_key(&module).then_some(module)
    }
}

fn child(module: &Module, name: &str) -> Module {
    module.iter().cloned().chain([name.to_owned()]).collect()
}

fn module_of(file: &str) -> Module {
    let path = file.strip_suffix(".rs").unwrap_or(file);
    let steps = path.split('/').filter(|step| *step != "mod" && path != "lib");
    steps.map(str::to_owned).collect()
}

/// Code without comments, strings and what is only there for tests, and the names of test modules.
fn without_tests(text: &str) -> (String, Vec<String>) {
    let (mut code, mut tests) = (String::new(), Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            if !line.trim_start().starts_with("//") {
                code.push_str(&without_strings(line));
                code.push('\n');
            }
            continue;
        }
        let item = lines.by_ref().find(|line| !line.trim_start().starts_with("#[")).unwrap_or("");
        let words = item.trim_end_matches(';').split_whitespace();
        tests.extend(words.skip_while(|word| *word != "mod").nth(1).map(str::to_owned));
        if !item.ends_with(';') {
            let end = format!("{}}}", &item[..item.len() - item.trim_start().len()]);
            lines.by_ref().find(|line| **line == end);
        }
    }
    (code, tests)
}

fn without_strings(line: &str) -> String {
    let plain = line.replace("\\\"", "");
    plain.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}

/// Every path that code names by `use`, and those in it that begin with `crate`, `self` or `super`.
fn paths(code: &str) -> Vec<Vec<String>> {
    let (all, mut paths) = (tokens(code), Vec::new());
    let mut rest = all.as_slice();
    while let Some((token, later)) = rest.split_first() {
        rest = later;
        match token.as_str() {
            "use" => {
                let end = later.iter().position(|token| token == ";").unwrap_or(later.len());
                branches(&mut later[..end].iter().peekable(), &[], &mut paths);
                rest = &later[end..];
            }
            // Who may see it isn't whom it names.
            "pub" if later.first().is_some_and(|token| token == "(") => {
                let end = later.iter().position(|token| token == ")").unwrap_or(later.len());
                rest = &later[end..];
            }
            "crate" | "self" | "super" => {
                let mut path = vec![token.clone()];
                while let [colons, step, later @ ..] = rest
                    && colons == "::"
                {
                    path.push(step.clone());
                    rest = later;
                }
                paths.push(path);
            }
            _ => {}
        }
    }
    paths
}

/// The leaves of a `use` tree.
fn branches(
    tokens: &mut Peekable<Iter<'_, String>>,
    before: &[String],
    leaves: &mut Vec<Vec<String>>,
) {
    let mut path = before.to_vec();
    while let Some(token) = tokens.next() {
        match token.as_str() {
            "::" => {}
            "{" => {
                while tokens.peek().is_some_and(|token| *token != "}") {
                    branches(tokens, &path, leaves);
                }
                tokens.next();
                tokens.next_if(|token| *token == ",");
                return;
            }
            "," => break,
            "as" => drop(tokens.next()),
            _ => path.push(token.clone()),
        }
        if tokens.peek().is_some_and(|token| *token == "}") {
            break;
        }
    }
    leaves.push(path);
}

/// Words, `::`, braces and commas.
fn tokens(code: &str) -> Vec<String> {
    let (mut tokens, mut word) = (Vec::new(), String::new());
    let mut letters = code.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter.is_alphanumeric() || letter == '_' {
            word.push(letter);
            continue;
        }
        if !word.is_empty() {
            tokens.push(std::mem::take(&mut word));
        }
        match letter {
            ':' if letters.next_if_eq(&':').is_some() => tokens.push("::".into()),
            '{' | '}' | ',' => tokens.push(letter.into()),
            ' ' | '\n' => {}
            other => tokens.push(other.into()),
        }
    }
    tokens.extend((!word.is_empty()).then_some(word));
    tokens
}
