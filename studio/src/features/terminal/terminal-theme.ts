import type { ITheme } from '@xterm/xterm';
import { tokenValue } from '../../ui/theme.ts';

/** The terminal's colours in the theme in force. */
export function terminalTheme(): ITheme {
  const ansi = (name: string) => tokenValue(`--ansi-${name}`);
  return {
    background: tokenValue('--terminal-bg'),
    foreground: tokenValue('--terminal-text'),
    cursor: tokenValue('--terminal-cursor'),
    cursorAccent: tokenValue('--terminal-bg'),
    selectionBackground: tokenValue('--selection'),
    black: ansi('black'),
    red: ansi('red'),
    green: ansi('green'),
    yellow: ansi('yellow'),
    blue: ansi('blue'),
    magenta: ansi('magenta'),
    cyan: ansi('cyan'),
    white: ansi('white'),
    brightBlack: ansi('bright-black'),
    brightRed: ansi('bright-red'),
    brightGreen: ansi('bright-green'),
    brightYellow: ansi('bright-yellow'),
    brightBlue: ansi('bright-blue'),
    brightMagenta: ansi('bright-magenta'),
    brightCyan: ansi('bright-cyan'),
    brightWhite: ansi('bright-white'),
  };
}
