/**
 * Settings that every git command of the server runs with. Programs in the sandbox can write the repository's own
 * settings, and git runs what some of them name; these here stand above them. What can't be overridden from here
 * (filters, diff drivers, includes) is dealt with in repository-config.ts.
 */
const overrides: Readonly<Record<string, string>> = {
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  'core.sshCommand': 'false',
  'core.gitProxy': '',
  'core.askPass': 'false',
  'core.editor': 'true',
  'core.pager': 'cat',
  'core.attributesFile': '/dev/null',
  'core.excludesFile': '/dev/null',
  'core.quotePath': 'false',
  'core.bigFileThreshold': '128m',
  'core.fsync': 'all',
  'core.fsyncMethod': 'fsync',
  'credential.helper': '',
  'commit.gpgSign': 'false',
  'tag.gpgSign': 'false',
  'gpg.program': 'false',
  'log.showSignature': 'false',
  'diff.external': '',
  'diff.ignoreSubmodules': 'all',
  'submodule.recurse': 'false',
  'protocol.allow': 'never',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'safe.directory': '*',
  'advice.detachedHead': 'false',
  'init.defaultBranch': 'main',
};

/** As arguments before the command; `more` stands above all. */
export function settingArguments(more: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries({ ...overrides, ...more }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** The whole environment of a git command: nothing is inherited but the language of its messages is fixed. */
export function gitEnvironment(workspacePath: string): Record<string, string> {
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: '/nonexistent',
    LANG: 'C.UTF-8',
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    GIT_DIR: `${workspacePath}/.git`,
    // Named although it is the same: otherwise a file .git/commondir would lead to other settings.
    GIT_COMMON_DIR: `${workspacePath}/.git`,
    GIT_WORK_TREE: workspacePath,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_LITERAL_PATHSPECS: '1',
  };
}
