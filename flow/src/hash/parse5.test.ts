import assert from 'node:assert/strict';
import test from 'node:test';
import { type DefaultTreeAdapterTypes, parse } from 'parse5';
import { referenceSite } from '../testing/reference-site.ts';
import { attributeRule } from './html-attributes.ts';
import { scanHtml } from './html-scanner.ts';
import { emptyScan, plainText } from './reference.ts';
import { srcsetUrls } from './srcset.ts';

type Node = DefaultTreeAdapterTypes.Node;

/** What a browser's parser, which parse5 is, finds in attributes that hold one URL or a list of them. */
function urlsByParse5(html: string): string[] {
  const urls: string[] = [];
  const visit = (node: Node) => {
    if ('attrs' in node) {
      for (const { name, prefix, value } of node.attrs) {
        const rule = attributeRule(node.tagName.toLowerCase(), prefix ? `${prefix}:${name}` : name);
        if (rule?.form === 'srcset')
          urls.push(...srcsetUrls(value).map(({ start, end }) => value.slice(start, end)));
        else if (rule !== null) urls.push(value.trim());
      }
    }
    if ('content' in node) visit(node.content);
    if ('childNodes' in node) node.childNodes.forEach(visit);
  };
  visit(parse(html, { scriptingEnabled: false }));
  return urls.filter((url) => url !== '' && !/^[#?]|^(?!https?:)[a-z][a-z0-9+.-]*:/i.test(url)).sort();
}

function urlsByScanner(html: string): string[] {
  const scan = emptyScan();
  scanHtml(scan, plainText(html, 0));
  const byAttribute = scan.references.filter(
    (one) => /^[a-z0-9-]+ [a-z:-]+$/.test(one.via) && !/^(?:link|meta) /.test(one.via),
  );
  // Every reference must also stand where it says.
  for (const one of scan.references) assert.ok(one.start <= one.insertAt && one.insertAt <= html.length);
  return byAttribute.map((one) => one.url).sort();
}

/** Pieces of real pages, and of those that browsers forgive: each is put beside each other. */
const pieces = [
  '<img src=a.png>',
  '<img src="b.png" src="ignored.png">',
  '<IMG SRC=\'c.png\' ALT=">">',
  '<img src=d.png/>',
  '<img/src=e.png>',
  '<a href="f.pdf?a=1&amp;b=2&copy=3">x</a>',
  '<a href="g&#46;png">x</a>',
  '<a href=" h.png ">x</a>',
  '<!-- <img src="no.png"> -->',
  '<!--> <img src="i.png"> -->',
  '<script>"<img src=no.png>"</script>',
  '<script><!-- <script> <img src=no.png> </script> --></script>',
  '<script src=j.js></script>',
  '<style>/* <img src=no.png> */</style>',
  '<textarea><img src=no.png></textarea>',
  '<title><img src=no.png></title>',
  '<xmp><img src=no.png></xmp>',
  '<svg><use xlink:href="k.svg#x"/><image href="l.png"/><title><img src="m.png"></title></svg>',
  '<svg><style><img src="n.png"></style></svg>',
  '<math><mi><img src="o.png"></mi></math>',
  '<svg><![CDATA[<img src="no.png">]]></svg>',
  '<![CDATA[<img src="p.png">]]>',
  '<noscript><img src="q.png"></noscript>',
  '<template><img src="r.png"></template>',
  '<picture><source srcset="s.png 1x, t.png 2x,u.png"><img srcset="v,w.png 3x"></picture>',
  '<video poster="x.png"><source src=y.mp4></video>',
  '<iframe src="z.html"></iframe>',
  '<img src="1.png"alt="x">',
  '<img src = "2.png" >',
  '< img src="no.png">',
  '</img src="no.png">',
  '<?php echo "<img src=3.png>" ?>',
  '<x-card src="4.png" href=5.html></x-card>',
  '<div data-src="6.png" data-srcset="7.png 1x"></div>',
  '<object data="8.svg"></object>',
  '<input type=image src=9.png>',
  '<span class="a"><em>x</em><h1>y</h1></span><span class="b" style="c" data-src="10.png">z</span>',
  '<span class="><img src=no.png>"><span class="d"e><span class=\'"><img src="no.png">\'>',
  '<!-- a --!><img src="11.png"><!-- b -- c --> <!---->',
  '<a href=javascript:void(0)>x</a><a href="#top">x</a><a href="">x</a>',
];

test('the scanner finds the URLs that a browser finds, in every piece and every pair of pieces', () => {
  for (const one of pieces) {
    for (const two of ['', ...pieces]) {
      const html = `<!doctype html><html><head><meta charset=utf-8></head><body><p>${one}</p>\n${two}</body></html>`;
      assert.deepEqual(urlsByScanner(html), urlsByParse5(html), html);
    }
  }
});

test('the scanner finds what parse5 finds in the reference site', () => {
  for (const [name, content] of Object.entries(referenceSite('https://example.org'))) {
    if (!name.endsWith('.html')) continue;
    const html = String(content);
    // srcdoc is a document of its own.
    const inner = /srcdoc="[^"]*src='([^']*)'/.exec(html)?.[1];
    assert.deepEqual(
      urlsByScanner(html),
      [...urlsByParse5(html), ...(inner === undefined ? [] : [inner])].sort(),
      name,
    );
  }
});
