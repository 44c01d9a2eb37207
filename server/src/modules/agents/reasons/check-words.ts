import type { LocalizedText } from '#base/fault.ts';

/** Why a result did not pass its check. */
export const checkWords = {
  syntax: {
    en: '{path} does not parse, line {line}: {text}',
    de: '{path} lässt sich nicht lesen, Zeile {line}: {text}',
  },
  not_json: { en: '{path} is not JSON: {problem}', de: '{path} ist kein JSON: {problem}' },
  type_error: {
    en: '{path} has a type error that was not there before',
    de: '{path} hat einen Typfehler, der vorher nicht da war',
  },
  not_compiled: { en: '{path} does not compile', de: '{path} lässt sich nicht übersetzen' },
  link_broken: { en: 'a link of {path} leads nowhere', de: 'ein Link in {path} führt ins Leere' },
  sample_broken: {
    en: 'a code sample of {path} does not parse',
    de: 'ein Codebeispiel in {path} lässt sich nicht lesen',
  },
  code_changed: { en: 'code of {path} was changed', de: 'Code von {path} wurde geändert' },
  command_failed: {
    en: '{command} ended with exit code {exitCode}',
    de: '{command} endete mit Exit-Code {exitCode}',
  },
  command_late: { en: '{command} did not end in time', de: '{command} endete nicht rechtzeitig' },
  command_passes: {
    en: 'the command passes already, so there is nothing to reproduce',
    de: 'der Befehl gelingt schon, also gibt es nichts nachzustellen',
  },
  command_missing: { en: 'there is no command', de: 'es gibt keinen Befehl' },
  tests_without_command: { en: 'no command runs the tests', de: 'kein Befehl führt die Tests aus' },
  not_a_test: { en: '{path} is no test file', de: '{path} ist keine Testdatei' },
  test_missing: { en: 'no test was written', de: 'es wurde kein Test geschrieben' },
  tested_missing: { en: 'no code under test was found', de: 'es wurde kein getesteter Code gefunden' },
  tests_blind: {
    en: 'the tests pass also when the code is broken',
    de: 'die Tests gelingen auch, wenn der Code kaputt ist',
  },
  test_changed: { en: 'a test was changed', de: 'ein Test wurde geändert' },
  test_setup_changed: {
    en: 'how the tests run was changed',
    de: 'es wurde geändert, wie die Tests laufen',
  },
  early_end: { en: 'the program ends early', de: 'das Programm endet vorzeitig' },
  page_lang: { en: '{path}: the html element has no lang', de: '{path}: dem html-Element fehlt lang' },
  page_title: { en: '{path}: there is no title', de: '{path}: es gibt keinen Titel' },
  page_viewport: { en: '{path}: there is no viewport', de: '{path}: es gibt keinen Viewport' },
  page_h1: {
    en: '{path}: there must be one h1 that can be seen',
    de: '{path}: es muss genau eine sichtbare h1 geben',
  },
  page_order: {
    en: '{path}: a heading jumps from {from} to {to}',
    de: '{path}: eine Überschrift springt von {from} auf {to}',
  },
  page_main: { en: '{path}: there must be one main', de: '{path}: es muss genau ein main geben' },
  page_empty: { en: '{path}: {element} is empty', de: '{path}: {element} ist leer' },
  page_alt: { en: '{path}: {element} has no alt', de: '{path}: {element} fehlt alt' },
  page_label: { en: '{path}: {element} has no label', de: '{path}: {element} fehlt eine Beschriftung' },
  page_name: { en: '{path}: {element} has no name', de: '{path}: {element} fehlt ein Name' },
  page_id: { en: '{path}: the id {id} is used twice', de: '{path}: die id {id} kommt zweimal vor' },
  page_width: {
    en: '{path}: the page is {pixels} pixels wide, wider than its window of {window}',
    de: '{path}: die Seite ist {pixels} Pixel breit, breiter als ihr Fenster von {window}',
  },
  page_contrast: {
    en: '{path}: the contrast of "{text}" in {element} is {ratio}:1, at least {least}:1 is needed',
    de: '{path}: der Kontrast von „{text}“ in {element} ist {ratio}:1, nötig sind mindestens {least}:1',
  },
  page_colours: {
    en: '{path}: text has a contrast of {ratio}:1, at least {least}:1 is needed',
    de: '{path}: Text hat einen Kontrast von {ratio}:1, nötig sind mindestens {least}:1',
  },
  page_unloaded: {
    en: '{path}: the page does not load: {problem}',
    de: '{path}: die Seite lädt nicht: {problem}',
  },
  page_endless: {
    en: '{path}: the page does not finish loading',
    de: '{path}: die Seite lädt nicht zu Ende',
  },
  page_broken: {
    en: '{path}: the page cannot be looked at: {problem}',
    de: '{path}: die Seite lässt sich nicht ansehen: {problem}',
  },
} as const satisfies Record<string, LocalizedText>;
