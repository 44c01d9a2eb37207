import type { FaultDefinitions } from '#base/fault.ts';

/** How the agent.* methods, and tasks, fail. */
export const agentFaults = {
  'agents.task_unknown': {
    status: 404,
    detail: { en: 'There is no such task.', de: 'Diese Aufgabe gibt es nicht.' },
    hint: {
      en: 'agent.list shows the tasks of a project.',
      de: 'agent.list zeigt die Aufgaben eines Projekts.',
    },
  },
  'agents.state_wrong': {
    status: 409,
    detail: {
      en: 'This is not possible while the task is {state}.',
      de: 'Das geht nicht, solange die Aufgabe im Zustand {state} ist.',
    },
    hint: { en: 'Look at it with agent.status.', de: 'Sehen Sie mit agent.status nach.' },
  },
  'agents.consent_stale': {
    status: 409,
    detail: {
      en: 'The task does not ask this, or no longer.',
      de: 'Die Aufgabe fragt das nicht oder nicht mehr.',
    },
    hint: {
      en: 'agent.status shows what it asks now.',
      de: 'agent.status zeigt, was sie jetzt fragt.',
    },
  },
  'agents.file_unknown': {
    status: 404,
    detail: {
      en: 'The task proposes no change of {path}.',
      de: 'Die Aufgabe schlägt keine Änderung an {path} vor.',
    },
    hint: {
      en: 'agent.status lists what it proposes.',
      de: 'agent.status zählt auf, was sie vorschlägt.',
    },
  },
  'agents.hunk_unknown': {
    status: 400,
    detail: {
      en: '{path} has no change number {number}.',
      de: '{path} hat keine Änderung Nummer {number}.',
    },
    hint: {
      en: 'agent.file lists the changes of a file by number.',
      de: 'agent.file zählt die Änderungen einer Datei mit Nummern auf.',
    },
  },
  'agents.queue_full': {
    status: 429,
    detail: {
      en: 'You have {limit} tasks waiting or running, which is the most.',
      de: 'Sie haben {limit} Aufgaben, die warten oder laufen; mehr sind nicht erlaubt.',
    },
    hint: { en: 'Wait for one or cancel one.', de: 'Warten Sie eine ab oder brechen Sie eine ab.' },
  },
  'agents.model_unknown': {
    status: 400,
    detail: {
      en: 'There is no model {model} that answers conversations.',
      de: 'Ein Modell {model}, das Unterhaltungen führt, gibt es nicht.',
    },
    hint: { en: 'llm.models lists them.', de: 'llm.models zählt sie auf.' },
  },
  'agents.command_needed': {
    status: 400,
    detail: {
      en: 'This agent needs the command that fails.',
      de: 'Dieser Agent braucht den Befehl, der fehlschlägt.',
    },
    hint: {
      en: 'Give it as command, for example {"command": "npm", "args": ["test"]}.',
      de: 'Geben Sie ihn als command an, etwa {"command": "npm", "args": ["test"]}.',
    },
  },
  'agents.dependency_failed': {
    status: 409,
    detail: {
      en: 'A task that this one waits for did not complete.',
      de: 'Eine Aufgabe, auf die diese wartet, wurde nicht abgeschlossen.',
    },
    hint: { en: 'Dispatch both again.', de: 'Starten Sie beide neu.' },
  },
  'agents.budget_tokens': {
    status: 402,
    detail: {
      en: 'The next call to the model could go beyond the task’s {limit} tokens; {used} are used.',
      de: 'Der nächste Aufruf des Modells könnte die {limit} Token der Aufgabe überschreiten; {used} sind verbraucht.',
    },
    hint: {
      en: 'Dispatch it with a larger budget, or make it smaller.',
      de: 'Starten Sie sie mit größerem Budget oder verkleinern Sie sie.',
    },
  },
  'agents.budget_cost': {
    status: 402,
    detail: {
      en: 'The next call to the model could go beyond the task’s limit of {limit}; {used} is spent.',
      de: 'Der nächste Aufruf des Modells könnte die Grenze der Aufgabe von {limit} überschreiten; {used} ist ausgegeben.',
    },
    hint: {
      en: 'Dispatch it with a larger budget, make it smaller, or use a cheaper model.',
      de: 'Starten Sie sie mit größerem Budget, verkleinern Sie sie oder nehmen Sie ein günstigeres Modell.',
    },
  },
  'agents.context_too_small': {
    status: 413,
    detail: {
      en: 'What the model must see does not fit: about {neededTokens} tokens, and {model} holds {contextSize}.',
      de: 'Was das Modell sehen muss, passt nicht: etwa {neededTokens} Token, und {model} fasst {contextSize}.',
    },
    hint: {
      en: 'Name fewer or smaller files, or use a model with a larger context.',
      de: 'Nennen Sie weniger oder kleinere Dateien oder nehmen Sie ein Modell mit größerem Kontext.',
    },
  },
  'agents.merge_check_failed': {
    status: 409,
    detail: {
      en: 'Together with what has changed in the project meanwhile, the change does not pass its check: {reason}.',
      de: 'Zusammen mit dem, was sich im Projekt inzwischen geändert hat, besteht die Änderung ihre Prüfung nicht: {reason}.',
    },
    hint: {
      en: 'Nothing was written; the steps show the output. Dispatch the task again, or apply with insist.',
      de: 'Nichts wurde geschrieben; die Schritte zeigen die Ausgabe. Starten Sie die Aufgabe neu oder übernehmen Sie mit insist.',
    },
  },
  'agents.budget_time': {
    status: 504,
    detail: {
      en: 'The task has used its {limit} seconds.',
      de: 'Die Aufgabe hat ihre {limit} Sekunden verbraucht.',
    },
    hint: {
      en: 'Dispatch it with a larger budget, or make it smaller.',
      de: 'Starten Sie sie mit größerem Budget oder verkleinern Sie sie.',
    },
  },
  'agents.stuck': {
    status: 409,
    detail: {
      en: 'The model made no progress: {reason}.',
      de: 'Das Modell kam nicht voran: {reason}.',
    },
    hint: {
      en: 'Say more exactly what is wanted, name the files, or use another model.',
      de: 'Beschreiben Sie die Aufgabe genauer, nennen Sie die Dateien oder wählen Sie ein anderes Modell.',
    },
  },
  'agents.answer_invalid': {
    status: 502,
    detail: {
      en: 'The model’s answers could not be used: {reason}.',
      de: 'Die Antworten des Modells waren nicht brauchbar: {reason}.',
    },
    hint: {
      en: 'Try again or use another model.',
      de: 'Versuchen Sie es erneut oder mit einem anderen Modell.',
    },
  },
  'agents.check_failed': {
    status: 409,
    detail: {
      en: 'The result did not pass its check: {reason}.',
      de: 'Das Ergebnis hat seine Prüfung nicht bestanden: {reason}.',
    },
    hint: {
      en: 'The steps show the check’s output; nothing was changed in your files.',
      de: 'Die Schritte zeigen die Ausgabe der Prüfung; an Ihren Dateien wurde nichts geändert.',
    },
  },
  'agents.interrupted': {
    status: 503,
    detail: {
      en: 'The server stopped during the task more than once.',
      de: 'Der Server hielt mehr als einmal während der Aufgabe an.',
    },
    hint: { en: 'Dispatch it again.', de: 'Starten Sie sie neu.' },
  },
  'agents.project_too_large': {
    status: 413,
    detail: {
      en: 'The project has more than {limitFiles} files or {limitBytes} bytes, too much to copy for an agent.',
      de: 'Das Projekt hat mehr als {limitFiles} Dateien oder {limitBytes} Bytes, zu viel für die Kopie eines Agenten.',
    },
    hint: {
      en: 'Remove what is built or downloaded, or ask an administrator for more.',
      de: 'Entfernen Sie Gebautes und Geladenes oder bitten Sie die Administration um mehr.',
    },
  },
} as const satisfies FaultDefinitions;
