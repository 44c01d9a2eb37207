import type { LocalizedText } from '#base/fault.ts';

/** Why an answer of a model, or a call of a tool, was not taken; what stops a model that gets nowhere. */
export const answerWords = {
  fence_open: {
    en: 'the fenced block is not closed, so it is not whole',
    de: 'der Codeblock ist nicht geschlossen, also nicht vollständig',
  },
  fence_missing: {
    en: 'there is no fenced block with the code',
    de: 'es gibt keinen Codeblock mit dem Code',
  },
  answer_for_other: {
    en: 'the answer is for {other}, not for {path}',
    de: 'die Antwort gilt {other}, nicht {path}',
  },
  calls_tool: {
    en: 'the answer calls a tool, and there are none; it must be the code itself in a fenced block',
    de: 'die Antwort ruft ein Werkzeug auf, und es gibt keines; sie muss der Code selbst in einem Codeblock sein',
  },
  file_empty: { en: 'the file would be empty', de: 'die Datei wäre leer' },
  code_empty: { en: 'the code would be empty', de: 'der Code wäre leer' },
  file_short: {
    en: 'the block has {lines} lines, the file {present}; the file must be whole',
    de: 'der Block hat {lines} Zeilen, die Datei {present}; sie muss vollständig sein',
  },
  left_out: {
    en: '"{line}" stands where code was left out; it must be whole',
    de: '„{line}“ steht, wo Code ausgelassen wurde; er muss vollständig sein',
  },
  repeated: { en: '"{line}" is repeated over and over', de: '„{line}“ wiederholt sich immer wieder' },
  nothing_changed: { en: 'nothing was changed', de: 'es wurde nichts geändert' },
  search_missing: {
    en: 'there is no block SEARCH … REPLACE',
    de: 'es gibt keinen Block SEARCH … REPLACE',
  },
  search_empty: {
    en: 'an empty SEARCH fits a new file only',
    de: 'ein leeres SEARCH passt nur zu einer neuen Datei',
  },
  lines_many: {
    en: 'the lines to replace occur {count} times; show more of what stands around them',
    de: 'die zu ersetzenden Zeilen kommen {count}-mal vor; mehr von dem, was um sie steht, wird gebraucht',
  },
  lines_absent: {
    en: 'these lines are not in the file: {line}',
    de: 'diese Zeilen stehen nicht in der Datei: {line}',
  },
  hunk_missing: { en: 'there is no hunk for {path}', de: 'es gibt keinen Abschnitt für {path}' },
  hunk_placeless: {
    en: 'a hunk shows no line of the file, so its place is not known',
    de: 'ein Abschnitt zeigt keine Zeile der Datei, also ist sein Ort unbekannt',
  },
  answer_cut: {
    en: 'the answer was cut off before its end',
    de: 'die Antwort brach vor ihrem Ende ab',
  },
  symbol_gone: { en: '{name} is no longer in {path}', de: '{name} steht nicht mehr in {path}' },
  symbol_other: {
    en: 'the answer is not the code of {name}',
    de: 'die Antwort ist nicht der Code von {name}',
  },
  symbol_twice: {
    en: 'the answer holds {name}, too, which stands in the file already',
    de: 'die Antwort enthält auch {name}, das schon in der Datei steht',
  },
  symbol_lost: { en: '{name} would be lost', de: '{name} ginge verloren' },
  symbol_missing: {
    en: 'the answer adds nothing that has a name',
    de: 'die Antwort fügt nichts hinzu, das einen Namen hat',
  },
  defined_twice: { en: '{name} is defined twice', de: '{name} ist zweimal definiert' },
  definitions_missing: {
    en: '{names} is missing; keep what the task does not speak of, the file must be whole',
    de: '{names} fehlt; was die Aufgabe nicht nennt, muss bleiben, die Datei vollständig sein',
  },
  part_missing: { en: 'no part of the file was chosen', de: 'es wurde kein Teil der Datei gewählt' },
  file_missing: { en: 'no file was chosen', de: 'es wurde keine Datei gewählt' },
  input_missing: { en: 'there are no arguments', de: 'es gibt keine Argumente' },
  write_refused: {
    en: '{path} may not be written ({code})',
    de: '{path} darf nicht geschrieben werden ({code})',
  },
  findings_unreadable: {
    en: 'the answer was no list of findings',
    de: 'die Antwort war keine Liste von Funden',
  },
  not_completion: { en: 'it is no chat completion', de: 'sie ist keine Chat-Antwort' },
  answer_long: {
    en: 'it is far longer than what was asked for',
    de: 'sie ist viel länger als verlangt',
  },
  call_failed: { en: 'the model server answered {code}', de: 'der Modell-Server antwortete {code}' },
  call_repeated: { en: 'it repeated {tool}', de: 'es wiederholte {tool}' },
  call_circles: { en: 'it goes in circles with {tool}', de: 'es dreht sich mit {tool} im Kreis' },
  calls_barren: {
    en: '{count} calls in a row brought nothing new',
    de: '{count} Aufrufe nacheinander brachten nichts Neues',
  },
  calls_missing: { en: 'it called no tool', de: 'es rief kein Werkzeug auf' },
  calls_many: {
    en: '{count} calls did not finish it',
    de: '{count} Aufrufe haben sie nicht zu Ende gebracht',
  },
  tool_unknown: { en: 'there is no tool {tool}', de: 'es gibt kein Werkzeug {tool}' },
  input_not_json: { en: 'the arguments are not JSON', de: 'die Argumente sind kein JSON' },
  input_wrong: { en: 'wrong arguments: {problem}', de: 'falsche Argumente: {problem}' },
  holds_already: { en: '{path} holds this already', de: '{path} enthält das schon' },
  file_absent: {
    en: '{path} is not there, or is no text file',
    de: '{path} gibt es nicht, oder es ist keine Textdatei',
  },
  file_closed: {
    en: '{path} is no text of a size that can be shown, and so cannot be written',
    de: '{path} ist kein Text einer Größe, die sich zeigen lässt, und wird deshalb nicht geschrieben',
  },
  refused_by: { en: 'the platform refused it ({code})', de: 'die Plattform hat es abgelehnt ({code})' },
  user_refused: { en: 'the user refused', de: 'der Benutzer hat es abgelehnt' },
} as const satisfies Record<string, LocalizedText>;
