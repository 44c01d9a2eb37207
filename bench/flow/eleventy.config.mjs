import { createRequire } from 'node:module';

// The site lies in a temporary folder; the packages are the project's.
const require = createRequire(process.env.BENCH_PACKAGES);
const MarkdownIt = require('markdown-it');
const anchors = require('markdown-it-anchor');
const footnotes = require('markdown-it-footnote');
const highlighter = require('highlight.js');

/** The setup that Eleventy's and markdown-it's own documentation show, with what the flow does: anchors, footnotes, colours. */
export default function configure(eleventy) {
  const parser = new MarkdownIt({
    html: true,
    linkify: true,
    highlight: (code, language) =>
      highlighter.getLanguage(language)
        ? highlighter.highlight(code, { language, ignoreIllegals: true }).value
        : '',
  });
  parser.use(anchors.default ?? anchors).use(footnotes.default ?? footnotes);
  eleventy.setLibrary('md', parser);
  eleventy.addPassthroughCopy('style.css');
  eleventy.addGlobalData('layout', 'page.liquid');
  eleventy.setQuietMode(true);
  return { markdownTemplateEngine: false, htmlTemplateEngine: false, dir: { input: '.', output: '_site' } };
}
