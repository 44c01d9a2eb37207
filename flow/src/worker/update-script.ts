/**
 * The script that pages load: registers the worker, and asks the visitor before a new version takes over. It lies in the site's root,
 * so its own address tells where the worker is. A site that wants its own words listens for `flow:update` on window,
 * calls `preventDefault()`, and later `event.detail.apply()`. No inline style or markup, so any content policy allows it.
 */
export function updateScript(workerPath: string): string {
  return `(() => {
  const workers = navigator.serviceWorker;
  if (!workers) return;
  const workerUrl = new URL(${JSON.stringify(workerPath)}, document.currentScript.src);
  const texts = /^de\\b/i.test(document.documentElement.lang)
    ? { message: 'Eine neue Version ist da.', apply: 'Neu laden', later: 'Später' }
    : { message: 'A new version is available.', apply: 'Reload', later: 'Later' };
  const hadController = workers.controller !== null;
  let agreed = false;
  let shown = false;

  const announce = (apply) => {
    if (shown) return;
    shown = true;
    const event = new CustomEvent('flow:update', { cancelable: true, detail: { apply } });
    if (window.dispatchEvent(event)) showBanner(apply);
  };

  const showBanner = (apply) => {
    const banner = document.createElement('div');
    banner.id = 'flow-update';
    banner.setAttribute('role', 'status');
    Object.assign(banner.style, {
      position: 'fixed', insetInline: '1rem', bottom: '1rem', maxWidth: '26rem', margin: '0 auto', padding: '0.75rem 1rem',
      display: 'flex', flexWrap: 'wrap', gap: '0.75rem', alignItems: 'center', zIndex: '2147483647', borderRadius: '0.5rem',
      background: '#1b1f24', color: '#fff', font: '1rem/1.4 system-ui, sans-serif', boxShadow: '0 0.25rem 1rem #0006',
    });
    const text = document.createElement('span');
    text.textContent = texts.message;
    text.style.flex = '1';
    const button = (label, action) => {
      const one = document.createElement('button');
      one.type = 'button';
      one.textContent = label;
      Object.assign(one.style, {
        font: 'inherit', padding: '0.4rem 0.8rem', borderRadius: '0.35rem', border: '1px solid #fff8', cursor: 'pointer',
        background: 'transparent', color: 'inherit',
      });
      one.addEventListener('click', action);
      return one;
    };
    banner.append(text, button(texts.apply, apply), button(texts.later, () => banner.remove()));
    document.body.append(banner);
  };

  const offer = (worker) => announce(() => {
    agreed = true;
    worker.postMessage({ type: 'SKIP_WAITING' });
  });

  // Another tab agreed: this one keeps running on files that the server still has, and may follow when it likes.
  workers.addEventListener('controllerchange', () => {
    if (agreed) location.reload();
    else if (hadController) announce(() => location.reload());
  });

  workers.register(workerUrl, { updateViaCache: 'none' }).then((registration) => {
    const watch = (worker) => {
      if (!worker) return;
      const look = () => {
        if (worker.state === 'installed' && workers.controller) offer(worker);
      };
      worker.addEventListener('statechange', look);
      look();
    };
    watch(registration.waiting);
    watch(registration.installing);
    registration.addEventListener('updatefound', () => watch(registration.installing));
    let checkedAt = Date.now();
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState !== 'visible' || Date.now() - checkedAt < 600000) return;
      checkedAt = Date.now();
      registration.update().catch(() => undefined);
    });
  }, (error) => console.warn('flow: no service worker:', error));
})();
`;
}

const offlineTexts = {
  en: {
    title: 'Offline',
    text: 'There is no connection, and this page was not visited before.',
    action: 'Try again',
  },
  de: {
    title: 'Offline',
    text: 'Es gibt keine Verbindung, und diese Seite wurde noch nicht besucht.',
    action: 'Erneut versuchen',
  },
};

/** The page shown without a network, for sites that have none of their own. It needs no other file. */
export function offlinePage(language: string): string {
  const texts = /^de\b/i.test(language) ? offlineTexts.de : offlineTexts.en;
  return `<!doctype html>
<html lang="${/^de\b/i.test(language) ? 'de' : 'en'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${texts.title}</title>
<style>body{font:1.1rem/1.6 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1rem;text-align:center;color-scheme:light dark}</style>
</head>
<body>
<h1>${texts.title}</h1>
<p>${texts.text}</p>
<p><a href="">${texts.action}</a></p>
</body>
</html>
`;
}
