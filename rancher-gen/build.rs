//! Embeds the templates, so that the binary needs no file beside it.

fn main() {
    minijinja_embed::embed_templates!("templates", &[".j2"][..]);
}
