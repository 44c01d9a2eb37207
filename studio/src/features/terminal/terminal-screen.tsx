import '@xterm/xterm/css/xterm.css';
import { FitAddon } from '@xterm/addon-fit';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { Terminal } from '@xterm/xterm';
import { useEffect, useRef } from 'react';
import { useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { isRpcFault } from '../../rpc/fault.ts';
import { tokenValue, useTheme } from '../../ui/theme.ts';
import { terminalTexts } from './texts.ts';

const colors = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const;

function terminalTheme(): Record<string, string> {
  const theme: Record<string, string> = {
    background: tokenValue('--terminal-bg'),
    foreground: tokenValue('--terminal-text'),
    cursor: tokenValue('--terminal-cursor'),
    selectionBackground: tokenValue('--selection'),
  };
  for (const color of colors) {
    theme[color] = tokenValue(`--ansi-${color}`);
    theme[`bright${color[0]?.toUpperCase()}${color.slice(1)}`] = tokenValue(`--ansi-bright-${color}`);
  }
  return theme;
}

interface ScreenProps {
  readonly projectId: string;
  /** Attach to this one; undefined opens a new shell. */
  readonly terminalId: string | undefined;
  readonly onAttached: (terminalId: string) => void;
  readonly onEnded: () => void;
}

/** One xterm.js screen on one shell. Leaving it detaches; the shell goes on and its scrollback comes back. */
export function TerminalScreen({ projectId, terminalId, onAttached, onEnded }: ScreenProps) {
  const t = useText(terminalTexts);
  const theme = useTheme();
  const host = useRef<HTMLDivElement>(null);
  const screen = useRef<Terminal>(undefined);
  const handlers = useRef({ onAttached, onEnded, t });
  handlers.current = { onAttached, onEnded, t };

  useEffect(() => {
    if (host.current === null) return;
    const terminal = new Terminal({
      fontFamily: tokenValue('--font-code'),
      fontSize: 13,
      lineHeight: 1.25,
      minimumContrastRatio: 4.5,
      scrollback: 5_000,
      theme: terminalTheme(),
      screenReaderMode: true,
    });
    screen.current = terminal;
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    terminal.loadAddon(new WebLinksAddon());
    terminal.open(host.current);
    fit.fit();
    const leaving = new AbortController();
    let attachedId: string | undefined;
    let typing: Promise<unknown> = Promise.resolve();

    terminal.onData((data) => {
      const id = attachedId;
      // One after the other: what is typed must arrive in order.
      if (id !== undefined)
        typing = typing
          .then(() => rpc.call('run.terminal.input', { terminalId: id, data }))
          .catch(() => undefined);
    });
    terminal.onResize(({ cols, rows }) => {
      if (attachedId !== undefined)
        void rpc
          .call('run.terminal.resize', { terminalId: attachedId, columns: cols, rows })
          .catch(() => undefined);
    });
    const resizing = new ResizeObserver(() => fit.fit());
    resizing.observe(host.current);

    const size = { columns: Math.max(2, terminal.cols), rows: Math.max(1, terminal.rows) };
    rpc
      .stream(
        'run.terminal',
        { projectId, ...size, ...(terminalId === undefined ? {} : { terminalId }) },
        {
          signal: leaving.signal,
          onChunk: (chunk) => {
            if (chunk.kind === 'output') terminal.write(chunk.data);
            else {
              attachedId = chunk.terminal.terminalId;
              handlers.current.onAttached(attachedId);
              terminal.focus();
            }
          },
        },
      )
      .then(
        ({ exitCode }) => {
          terminal.write(`\r\n${handlers.current.t.ended(exitCode)}\r\n`);
          handlers.current.onEnded();
        },
        (error: unknown) => {
          if (!leaving.signal.aborted && isRpcFault(error))
            terminal.write(`\r\n${error.message} ${error.hint}\r\n`);
        },
      );
    return () => {
      leaving.abort();
      resizing.disconnect();
      terminal.dispose();
    };
  }, [projectId, terminalId]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are read from the page when the theme changes
  useEffect(() => {
    if (screen.current !== undefined) screen.current.options.theme = terminalTheme();
  }, [theme]);

  return <div ref={host} className="terminal-screen" />;
}
