import type { LocalizedText } from '#base/fault.ts';

/** Why a change of a file is more than a change of the project: what runs, or steers, elsewhere and later. */
export type GuardReason =
  | 'hook'
  | 'pipeline'
  | 'scripts'
  | 'registry'
  | 'editor'
  | 'instructions'
  | 'platform';

const rules: readonly (readonly [GuardReason, RegExp])[] = [
  [
    'hook',
    /(^|\/)(\.git|\.husky|\.githooks)(\/|$)|(^|\/)(\.pre-commit-config\.ya?ml|lefthook\.ya?ml|\.gitattributes|\.gitmodules|\.gitconfig)$/i,
  ],
  [
    'pipeline',
    /(^|\/)\.(github|gitlab|circleci|gitea|forgejo|woodpecker|buildkite|semaphore|teamcity)\/|(^|\/)(\.gitlab-ci\.ya?ml|\.travis\.ya?ml|\.drone\.ya?ml|azure-pipelines\.ya?ml|bitbucket-pipelines\.ya?ml|\.?appveyor\.ya?ml|buildspec\.ya?ml|cloudbuild\.(ya?ml|json)|Jenkinsfile)$/i,
  ],
  [
    'registry',
    /(^|\/)(\.npmrc|\.yarnrc(\.ya?ml)?|\.pnpmfile\.c?js|pip\.conf|\.pypirc|\.cargo\/config(\.toml)?)$/i,
  ],
  ['editor', /(^|\/)(\.vscode|\.idea|\.zed|\.devcontainer)\/|(^|\/)\.envrc$/i],
  [
    'instructions',
    /(^|\/)(AGENTS|CLAUDE|GEMINI)\.md$|(^|\/)(\.claude|\.gemini|\.codex|\.cursor|\.continue|\.windsurf|\.roo|\.clinerules|\.junie|\.kiro|\.opencode|\.aider[^/]*|\.cursorrules|\.windsurfrules|\.mcp\.json|opencode\.jsonc?)(\/|$)/,
  ],
  // npm compiles what this file says whenever packages are installed.
  ['scripts', /(^|\/)binding\.gyp$/],
  ['platform', /(^|\/)\.cds(\/|$)/i],
];

const names: Readonly<Record<GuardReason, LocalizedText>> = {
  hook: { en: 'runs with git', de: 'läuft mit git' },
  pipeline: { en: 'runs on a build server', de: 'läuft auf einem Build-Server' },
  scripts: { en: 'scripts that run by their name', de: 'Skripte, die unter ihrem Namen laufen' },
  registry: { en: 'says where packages come from', de: 'sagt, woher Pakete kommen' },
  editor: { en: 'runs in an editor', de: 'läuft in einem Editor' },
  instructions: { en: 'instructs other agents', de: 'weist andere Agenten an' },
  platform: { en: 'steers this platform', de: 'steuert diese Plattform' },
};

export function reasonText(reason: GuardReason): LocalizedText {
  return names[reason];
}

/** Null when the change needs nobody's consent beyond the review that each change gets. */
export function guardReason(change: {
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}): GuardReason | null {
  const { path, before, after } = change;
  const rule = rules.find(([, pattern]) => pattern.test(path));
  if (rule !== undefined) return rule[0];
  if (/(^|\/)(package|composer)\.json$/.test(path) && scriptsOf(before) !== scriptsOf(after))
    return 'scripts';
  return null;
}

/** What of a manifest runs something; a text that is no JSON counts whole. */
function scriptsOf(manifest: string | null): string {
  if (manifest === null) return '{}';
  try {
    const {
      scripts = {},
      bin = null,
      gypfile = null,
      husky = null,
      'simple-git-hooks': hooks = null,
    } = JSON.parse(manifest) as Record<string, unknown>;
    const sorted = Object.entries(scripts as object).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const rest = { bin, gypfile, husky, hooks };
    const none = sorted.length === 0 && Object.values(rest).every((value) => value === null);
    return none ? '{}' : JSON.stringify([sorted, rest]);
  } catch {
    return manifest;
  }
}
