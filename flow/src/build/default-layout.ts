/** The layout of a page that names none, in a site without `_layouts/default.html`. Replaceable by that file. */
export const defaultLayout = `<!doctype html>
<html lang="{{ page.language }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ page.fullTitle }}</title>
{{#if page.description}}<meta name="description" content="{{ page.description }}">
{{/if}}{{#if page.canonical}}<link rel="canonical" href="{{ page.canonical }}">
{{/if}}{{#if site.feed}}<link rel="alternate" type="application/atom+xml" title="{{ site.title }}" href="{{ root }}{{ site.feed }}">
{{/if}}{{#each page.translations as other}}<link rel="alternate" hreflang="{{ other.language }}" href="{{ root }}{{ other.url }}">
{{/each}}<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="{{ root }}flow-site.css">
</head>
<body>
<a class="skip" href="#content">{{ words.skip }}</a>
<header class="site"><a href="{{ root }}">{{ site.title }}</a>{{#each page.translations as other}} <a class="language" hreflang="{{ other.language }}" lang="{{ other.language }}" href="{{ root }}{{ other.url }}">{{ other.language }}</a>{{/each}}</header>
<div class="columns">
{{#if navigation}}<nav class="site" aria-label="{{ words.pages }}"><ul>
{{#each navigation as one}}<li{{#if one.nested}} class="nested"{{/if}}><a href="{{ root }}{{ one.url }}"{{#if one.current}} aria-current="page"{{/if}}>{{ one.title }}</a></li>
{{/each}}</ul></nav>
{{/if}}<main id="content">
{{#unless page.hasHeading}}<h1>{{ page.title }}</h1>
{{/unless}}{{#if page.date}}<p class="date"><time datetime="{{ page.date }}">{{ page.date | date }}</time></p>
{{/if}}{{#if showToc}}<details class="toc" open><summary>{{ words.contents }}</summary>{{{ toc }}}</details>
{{/if}}{{{ content }}}</main>
</div>
<footer class="site"></footer>
</body>
</html>
`;

/** Words of the default layout in a page's language; English for languages that have none here. */
export function layoutWords(language: string): Readonly<{ skip: string; pages: string; contents: string }> {
  return /^de\b/i.test(language)
    ? { skip: 'Zum Inhalt', pages: 'Seiten', contents: 'Inhalt' }
    : { skip: 'Skip to content', pages: 'Pages', contents: 'Contents' };
}

export const defaultStyleName = 'flow-site.css';

/** The style sheet of the default layout: both themes, no fonts from elsewhere. */
export const defaultStyle = `:root {
  color-scheme: light dark;
  --ink: light-dark(#1c2024, #e6e8eb);
  --soft: light-dark(#5b636b, #a0a8b0);
  --line: light-dark(#dfe3e7, #33383e);
  --sheet: light-dark(#ffffff, #15181b);
  --code: light-dark(#f4f6f8, #1e2226);
  --link: light-dark(#0b5cad, #7cb7ff);
  --keyword: light-dark(#9c2c77, #f29bd0);
  --text: light-dark(#0a6640, #8fd6a8);
  --number: light-dark(#8a4b00, #f0b674);
  --name: light-dark(#3b4cb8, #a9b8ff);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--sheet); color: var(--ink); font: 1rem/1.6 system-ui, sans-serif; }
a { color: var(--link); }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; }
header.site { padding: .75rem 1.5rem; border-bottom: 1px solid var(--line); display: flex; gap: 1rem; }
header.site a:first-child { font-weight: 600; color: inherit; text-decoration: none; margin-inline-end: auto; }
.columns { display: flex; gap: 2.5rem; max-width: 76rem; margin: 0 auto; padding: 1.5rem; }
nav.site { flex: 0 0 14rem; font-size: .9rem; }
nav.site ul { list-style: none; margin: 0; padding: 0; position: sticky; top: 1rem; }
nav.site .nested { padding-inline-start: 1rem; }
nav.site a { display: block; padding: .2rem 0; color: var(--soft); text-decoration: none; overflow-wrap: anywhere; }
nav.site a:hover, nav.site a[aria-current] { color: var(--ink); }
nav.site a[aria-current] { font-weight: 600; }
main { flex: 1 1 auto; min-width: 0; max-width: 52rem; }
h1, h2, h3 { line-height: 1.25; margin: 2rem 0 .75rem; }
h1 { margin-top: 0; }
.anchor { color: var(--soft); text-decoration: none; opacity: 0; }
:is(h2, h3, h4, h5, h6):hover .anchor { opacity: 1; }
pre, code { font-family: ui-monospace, monospace; font-size: .875em; background: var(--code); border-radius: .25rem; }
code { padding: .1em .3em; }
pre { padding: .75rem 1rem; overflow-x: auto; }
pre code { padding: 0; font-size: 1em; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid var(--line); padding: .35rem .7rem; text-align: start; }
img, video { max-width: 100%; height: auto; }
blockquote { margin: 1rem 0; padding: .1rem 1rem; border-inline-start: 3px solid var(--line); color: var(--soft); }
.alert { color: inherit; border-color: var(--link); }
.alert-warning, .alert-caution { border-color: var(--number); }
.task-list-item { list-style: none; margin-inline-start: -1.25rem; }
details.toc { font-size: .9rem; border: 1px solid var(--line); border-radius: .25rem; padding: .5rem 1rem; }
.date, footer.site { color: var(--soft); font-size: .875rem; }
footer.site { padding: 1rem 1.5rem; border-top: 1px solid var(--line); }
.hljs-keyword, .hljs-selector-tag, .hljs-built_in, .hljs-deletion { color: var(--keyword); }
.hljs-string, .hljs-addition, .hljs-regexp { color: var(--text); }
.hljs-number, .hljs-literal, .hljs-symbol, .hljs-meta { color: var(--number); }
.hljs-title, .hljs-attr, .hljs-attribute, .hljs-name, .hljs-section, .hljs-type { color: var(--name); }
.hljs-comment, .hljs-quote { color: var(--soft); font-style: italic; }
@media (max-width: 48rem) {
  .columns { flex-direction: column; gap: 1rem; }
  nav.site { flex-basis: auto; border-bottom: 1px solid var(--line); padding-bottom: 1rem; }
  nav.site ul { position: static; }
}
`;
