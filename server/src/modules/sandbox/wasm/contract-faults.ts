import type { FaultDefinitions } from '#base/fault.ts';

/** How WebAssembly fails. */
export const wasmFaults = {
  'sandbox.module_refused': {
    status: 400,
    detail: {
      en: 'The WebAssembly module is not taken: {reason}.',
      de: 'Das WebAssembly-Modul wird nicht angenommen: {reason}.',
    },
    hint: {
      en: 'Build it for wasm32-wasi (preview 1) without threads, garbage collection or several memories.',
      de: 'Bauen Sie es für wasm32-wasi (Preview 1) ohne Threads, Garbage Collection oder mehrere Speicher.',
    },
  },
  'sandbox.module_too_large': {
    status: 413,
    detail: {
      en: 'The WebAssembly module has more than {limitBytes} bytes.',
      de: 'Das WebAssembly-Modul hat mehr als {limitBytes} Bytes.',
    },
    hint: {
      en: 'Strip it (wasm-strip, -s), or ask an administrator to raise CDS_SANDBOX_WASM_MODULE_BYTES.',
      de: 'Kürzen Sie es (wasm-strip, -s) oder bitten Sie die Administration um ein höheres CDS_SANDBOX_WASM_MODULE_BYTES.',
    },
  },
  'sandbox.module_unknown': {
    status: 404,
    detail: {
      en: 'No WebAssembly module with this id is loaded.',
      de: 'Es ist kein WebAssembly-Modul mit dieser Kennung geladen.',
    },
    hint: {
      en: 'Load it with wasm.load; the same bytes get the same id again.',
      de: 'Laden Sie es mit wasm.load; dieselben Bytes erhalten wieder dieselbe Kennung.',
    },
  },
  'sandbox.call_refused': {
    status: 400,
    detail: {
      en: 'The module cannot be called like this: {reason}.',
      de: 'So lässt sich das Modul nicht aufrufen: {reason}.',
    },
    hint: {
      en: 'wasm.load tells the exported functions with the types of their parameters.',
      de: 'wasm.load nennt die exportierten Funktionen mit den Typen ihrer Parameter.',
    },
  },
  'sandbox.fuel_exhausted': {
    status: 422,
    detail: {
      en: 'The program burnt all its fuel ({fuel} units).',
      de: 'Das Programm hat seinen ganzen Treibstoff verbrannt ({fuel} Einheiten).',
    },
    hint: {
      en: 'Give it more fuel, or look for a loop without end.',
      de: 'Geben Sie ihm mehr Treibstoff oder suchen Sie eine Endlosschleife.',
    },
  },
  'sandbox.limit_reached': {
    status: 422,
    detail: {
      en: 'The program was ended by its {limit} limit.',
      de: 'Das Programm wurde von seiner Grenze {limit} beendet.',
    },
    hint: {
      en: 'Raise the limit in the call, or give the program less to do.',
      de: 'Heben Sie die Grenze im Aufruf an oder geben Sie dem Programm weniger zu tun.',
    },
  },
  'sandbox.trapped': {
    status: 422,
    detail: {
      en: 'The program stopped at an error: {reason}.',
      de: 'Das Programm ist an einem Fehler stehen geblieben: {reason}.',
    },
    hint: {
      en: 'Its output, as far as it came, is in the data of this fault.',
      de: 'Seine Ausgabe, soweit sie kam, steht in den Daten dieses Fehlers.',
    },
  },
  'sandbox.files_too_many': {
    status: 413,
    detail: {
      en: 'The folder holds more than {limitBytes} bytes or {limitFiles} entries, which is too much to be handed to WebAssembly.',
      de: 'Der Ordner hat mehr als {limitBytes} Bytes oder {limitFiles} Einträge; das ist zu viel für WebAssembly.',
    },
    hint: {
      en: 'Name a smaller folder, or use the run engine.',
      de: 'Nennen Sie einen kleineren Ordner oder nehmen Sie die Engine run.',
    },
  },
} as const satisfies FaultDefinitions;
