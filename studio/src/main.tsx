import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import './ui/base.css';
import './ui/components.css';
import './ui/data.css';
import './ui/floating.css';
import './ui/figures.css';
import './app/shell.css';
import './app/phone.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { keepOfflineCopy, loadOfflineCopy } from './app/offline-copy.ts';
import { queryClient } from './app/query-client.ts';
import { router } from './app/router.tsx';
import { watchForNewVersion } from './app/service-worker.ts';
import { Toasts } from './ui/toasts.tsx';

const element = document.getElementById('root');
if (element === null) throw new Error('index.html has no root');
const root = createRoot(element);
await loadOfflineCopy();
keepOfflineCopy();
root.render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
      <Toasts />
    </QueryClientProvider>
  </StrictMode>,
);
watchForNewVersion();
