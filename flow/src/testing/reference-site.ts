import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Writes files into a folder, parents included. */
export async function writeFiles(
  dir: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(dir, name)), { recursive: true });
    await writeFile(path.join(dir, name), content);
  }
}

/** The smallest valid PNG, one pixel; the last byte before the end mark makes each one different. */
export function pixel(seed: number): Buffer {
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );
  // Bytes behind the IEND chunk are ignored by every decoder.
  return Buffer.concat([png, Buffer.from([seed & 0xff, seed >> 8])]);
}

const svg =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><g id="a"><path d="M0 0h1v1z"/></g></svg>';

/**
 * A site with every kind of reference that the flow promises to rewrite, and with names that are mean to it: spaces, `&`,
 * umlauts, emoji. `origin` is where it is served; absolute addresses lead there.
 */
export function referenceSite(origin: string): Record<string, string | Buffer> {
  return {
    'index.html': `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Start</title>
<link rel="canonical" href="${origin}/">
<link rel="stylesheet" href="css/main.css?theme=1"><link rel='icon' href=icon.svg>
<link rel="manifest" href="/app.webmanifest"><link rel="modulepreload" href="./js/lib.js">
<link rel="preload" as="image" imagesrcset="img/one.png 1x, img/two.png 2x">
<meta property="og:image" content="${origin}/img/og.png">
<script type="application/ld+json">{"@type":"Organization","logo":"${origin.replaceAll('/', '\\/')}\\/img\\/ld.png"}</script>
<script type="importmap">{"imports":{"kit":"./js/kit.js","parts/":"./js/parts/"}}</script>
<script type="module">import { a } from './js/a.js'; import kit from 'kit'; import 'parts/one.js'; document.body.dataset.done = a() + kit;</script>
<script src="js/classic.js" defer></script>
<style>@import "css/inline.css"; .a{background:url( 'img/in style.png' )}</style></head>
<body background="img/bg.png"><img src="img/a&amp;b.png" alt=""><img src="img/M%C3%BCnchen.png" alt=""><img src='img/🎈.png' alt=''>
<img srcset="img/one.png 1x,img/two.png 2x" src="img/three.png?v=1#x" alt="" sizes="10px">
<picture><source srcset="/img/four.png" type="image/png"><img src="img/five.png" alt=""></picture>
<div class="a" style="background-image:url(&quot;img/six.png&quot;)"></div><div class="lazy" data-src="img/seven.png"></div>
<svg width="9" height="9"><use href="sprite.svg#a"/><image xlink:href="img/eight.png" width="1" height="1"></image></svg>
<video poster="img/poster.png" preload="none"></video><object data="img/object.svg" type="image/svg+xml"></object>
<iframe srcdoc="&lt;img src='img/srcdoc.png' alt=''&gt;"></iframe><iframe src="frame/page.html"></iframe>
<a href="paper.pdf">paper</a><a href="img/big.png">big</a><noscript><img src="img/noscript.png" alt=""></noscript>
</body></html>`,
    'frame/page.html':
      '<!doctype html><html lang="en"><head><base href="../deep/"><title>Frame</title></head><body><img src="based.png" alt=""></body></html>',
    'deep/based.png': pixel(1),
    'css/main.css': `@import url("sub/part.css") screen; @font-face{font-family:x;src:url(../font.woff2)}
html{background:image-set("../img/nine.png" 1x, url(../img/ten.png) 2x)} /* url(nowhere.png) */ .b::after{content:"url(nothing.png)"}
h1{background:url(../img/esc\\61 ped.png)} body{font-family:x}
/*# sourceMappingURL=main.css.map */`,
    'css/main.css.map':
      '{"version":3,"file":"main.css","sources":["main.scss"],"names":[],"mappings":"AAAA"}',
    'css/sub/part.css': 'body{cursor:url(../../img/cursor.png),auto}',
    'css/inline.css': '.lazy{background:url(../img/inline.png)}',
    'js/a.js':
      "import { b } from './b.js'; export const a = () => b() + 1; export const name = 'a';\n//# sourceMappingURL=a.js.map",
    'js/a.js.map': '{"version":3,"file":"a.js","sources":["a.ts"],"names":[],"mappings":"AAAA,wBAAwB"}',
    'js/b.js':
      "import { name } from './a.js'; export * from './lib.js'; export const b = () => (name ? 1 : 0); void import('./lazy.js');",
    'js/lib.js':
      "export const image = new URL('../img/eleven.png', import.meta.url).href; new Image().src = image;",
    'js/lazy.js':
      "fetch(new URL('../data/by-string.json', import.meta.url)); new Image().src = ['img', 'twelve.png'].join('/');",
    'js/kit.js': 'export default 41;',
    'js/parts/one.js': "export const one = new Worker(new URL('./worker.js', import.meta.url));",
    'js/parts/worker.js': "importScripts('worker-part.js');",
    'js/parts/worker-part.js': 'self.part = 1;',
    'js/classic.js':
      "for (const one of document.querySelectorAll('[data-src]')) { const i = new Image(); i.src = one.dataset.src; } fetch('data/loaded.json');",
    'data/loaded.json': '{"a":1}',
    'data/by-string.json': '{"b":2}',
    'app.webmanifest':
      '{"name":"x","start_url":"./","icons":[{"src":"img/icon-192.png","sizes":"192x192","type":"image/png"}]}',
    'icon.svg': `<?xml version="1.0"?><?xml-stylesheet href="css/svg.css" type="text/css"?>${svg}`,
    'css/svg.css': 'path{fill:red}',
    'img/object.svg': `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 1 1"><style><![CDATA[path{fill:url(inner.svg#a)}]]></style><path d="M0 0h1v1z"/></svg>`,
    'img/inner.svg': svg,
    'sprite.svg': svg,
    'feed.xml': `<?xml version="1.0"?><rss version="2.0"><channel><title>t</title><link>${origin}/</link><image><url>${origin}/img/feed.png</url></image><item><enclosure url="${origin}/img/enclosure.png" type="image/png" length="1"/><description>&lt;img src="${origin}/img/feed-html.png"&gt;</description></item></channel></rss>`,
    _headers: '/*\n  Link: </css/main.css>; rel=preload; as=style\n',
    'paper.pdf': '%PDF-1.4 not really',
    'font.woff2': Buffer.from('wOF2'),
    ...Object.fromEntries(
      [
        'one',
        'two',
        'three',
        'four',
        'five',
        'six',
        'seven',
        'eight',
        'nine',
        'ten',
        'eleven',
        'twelve',
        'og',
        'ld',
        'bg',
        'a&b',
        'München',
        '🎈',
        'in style',
        'poster',
        'srcdoc',
        'big',
        'noscript',
        'escaped',
        'cursor',
        'inline',
        'icon-192',
        'feed',
        'enclosure',
        'feed-html',
      ].map((name, index) => [`img/${name}.png`, pixel(index + 10)]),
    ),
  };
}
