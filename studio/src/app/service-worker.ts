import { text } from '../i18n/language.ts';
import { toast } from '../ui/toasts.tsx';

const checkEveryMs = 30 * 60_000;

/**
 * Installs the service worker, which keeps the studio's own files for opening without the server. A new version
 * waits until the person agrees: files of the old one are in use.
 */
export function watchForNewVersion(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  let reloading = false;
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    if (reloading) location.reload();
  });
  const offer = (waiting: ServiceWorker) =>
    toast({
      title: text('shell:newVersion'),
      action: {
        label: text('shell:reload'),
        run: () => {
          reloading = true;
          waiting.postMessage('activate');
        },
      },
    });
  navigator.serviceWorker
    .register('/service-worker.js', { updateViaCache: 'none' })
    .then((registration) => {
      if (registration.waiting !== null && navigator.serviceWorker.controller !== null)
        offer(registration.waiting);
      registration.addEventListener('updatefound', () => {
        const { installing } = registration;
        installing?.addEventListener('statechange', () => {
          if (installing.state === 'installed' && navigator.serviceWorker.controller !== null)
            offer(installing);
        });
      });
      setInterval(() => void registration.update().catch(() => undefined), checkEveryMs);
    })
    .catch(() => undefined);
}
