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
{{#if sections}}<nav class="site" aria-label="{{ words.pages }}">
{{#each sections as section}}{{#if section.title}}<details{{#if section.open}} open{{/if}}><summary>{{ section.title }}</summary>{{/if}}<ul>
{{#each section.pages as one}}<li><a href="{{ root }}{{ one.url }}"{{#if one.current}} aria-current="page"{{/if}}>{{ one.title }}</a></li>
{{/each}}</ul>{{#if section.title}}</details>{{/if}}
{{/each}}</nav>
{{/if}}<main id="content">
{{#unless page.hasHeading}}<h1>{{ page.title }}</h1>
{{/unless}}{{#if page.date}}<p class="date"><time datetime="{{ page.date }}">{{ page.date | date }}</time></p>
{{/if}}{{#if showToc}}<details class="toc"><summary>{{ words.contents }}</summary>{{{ toc }}}</details>
{{/if}}{{{ content }}}</main>
{{#if showToc}}<aside class="toc" aria-label="{{ words.contents }}"><strong>{{ words.contents }}</strong>{{{ toc }}}</aside>
{{/if}}</div>
<footer class="site"><!-- flow:release --></footer>
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
html { scroll-padding-top: 4.5rem; }
body { margin: 0; background: var(--sheet); color: var(--ink); font: 1rem/1.65 system-ui, sans-serif; overflow-wrap: break-word; }
a { color: var(--link); text-underline-offset: .2em; text-decoration-thickness: from-font; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: .2rem; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; }
header.site { position: sticky; top: 0; z-index: 1; padding: .8rem max(1.5rem, (100vw - 84rem) / 2 + 1.5rem); border-bottom: 1px solid var(--line); background: var(--sheet); display: flex; align-items: baseline; gap: 1rem; }
header.site a:first-child { font-weight: 650; font-size: 1.05rem; color: inherit; text-decoration: none; margin-inline-end: auto; }
header.site .language { font-size: .85rem; text-transform: uppercase; letter-spacing: .05em; }
.columns { display: flex; gap: 3rem; max-width: 84rem; margin: 0 auto; padding: 2rem 1.5rem 4rem; align-items: flex-start; }
nav.site { flex: 0 0 15rem; font-size: .9rem; line-height: 1.45; position: sticky; top: 4.5rem; max-height: calc(100vh - 5rem); overflow-y: auto; scrollbar-width: thin; }
nav.site ul { list-style: none; margin: 0 0 .75rem; padding: 0; }
nav.site summary { cursor: pointer; font-weight: 600; padding: .35rem 0; }
nav.site a { display: block; padding: .3rem .75rem; margin-inline-start: .15rem; border-inline-start: 2px solid var(--line); color: var(--soft); text-decoration: none; overflow-wrap: anywhere; }
nav.site a:hover { color: var(--ink); }
nav.site a[aria-current] { color: var(--link); border-color: var(--link); font-weight: 600; }
main { flex: 1 1 auto; min-width: 0; max-width: 50rem; }
h1, h2, h3, h4 { line-height: 1.25; margin: 2.25rem 0 .75rem; text-wrap: balance; }
h1 { margin: 0 0 1.25rem; font-size: 2.1rem; letter-spacing: -.015em; }
h2 { font-size: 1.45rem; padding-top: 1.5rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.15rem; }
li { margin: .2rem 0; }
.anchor { color: var(--soft); text-decoration: none; opacity: 0; }
:is(h2, h3, h4, h5, h6):hover .anchor { opacity: 1; }
pre, code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .875em; background: var(--code); border-radius: .3rem; }
code { padding: .12em .35em; }
pre { padding: .9rem 1.1rem; overflow-x: auto; line-height: 1.5; border: 1px solid var(--line); }
pre code { padding: 0; font-size: 1em; background: none; }
table { border-collapse: collapse; display: block; overflow-x: auto; font-size: .925rem; line-height: 1.5; margin: 1.25rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .5rem .9rem .5rem 0; text-align: start; vertical-align: top; overflow-wrap: normal; }
th { font-weight: 600; color: var(--soft); }
img, video { max-width: 100%; height: auto; border-radius: .4rem; }
blockquote { margin: 1rem 0; padding: .1rem 1rem; border-inline-start: 3px solid var(--line); color: var(--soft); }
.alert { color: inherit; border-color: var(--link); }
.alert-warning, .alert-caution { border-color: var(--number); }
.task-list-item { list-style: none; margin-inline-start: -1.25rem; }
details.toc { font-size: .9rem; background: var(--code); border-radius: .4rem; padding: .6rem 1.1rem; margin: 0 0 1.75rem; }
details.toc summary { cursor: pointer; font-weight: 600; }
details.toc ul { margin: .4rem 0; padding-inline-start: 1.2rem; }
aside.toc { display: none; flex: 0 0 12rem; font-size: .85rem; line-height: 1.4; position: sticky; top: 4.5rem; max-height: calc(100vh - 5rem); overflow-y: auto; scrollbar-width: thin; }
aside.toc ul { list-style: none; margin: .4rem 0; padding: 0; }
aside.toc ul ul { padding-inline-start: .8rem; margin: 0; }
aside.toc a { color: var(--soft); text-decoration: none; }
aside.toc a:hover { color: var(--ink); }
@media (min-width: 72rem) {
  details.toc { display: none; }
  aside.toc { display: block; }
}
.date, footer.site { color: var(--soft); font-size: .85rem; }
footer.site { padding: 1.25rem max(1.5rem, (100vw - 84rem) / 2 + 1.5rem); border-top: 1px solid var(--line); }
.hljs-keyword, .hljs-selector-tag, .hljs-built_in, .hljs-deletion { color: var(--keyword); }
.hljs-string, .hljs-addition, .hljs-regexp { color: var(--text); }
.hljs-number, .hljs-literal, .hljs-symbol, .hljs-meta { color: var(--number); }
.hljs-title, .hljs-attr, .hljs-attribute, .hljs-name, .hljs-section, .hljs-type { color: var(--name); }
.hljs-comment, .hljs-quote { color: var(--soft); font-style: italic; }
@media (max-width: 56rem) {
  html { scroll-padding-top: 1rem; }
  header.site { position: static; }
  .columns { flex-direction: column; gap: 1.5rem; padding-top: 1.25rem; }
  nav.site { position: static; max-height: none; flex-basis: auto; width: 100%; order: 2; border-top: 1px solid var(--line); padding-top: 1rem; }
  main { width: 100%; }
  h1 { font-size: 1.7rem; }
}
@media print {
  nav.site, header.site, details.toc, .anchor { display: none; }
}
`;
