import type { ManagedFile } from './managed-file.ts';

const HASH = ['# ', ''] as const;

/** The hook that git runs before each commit: only staged files, so it stays fast in a large tree. */
export function hookFiles(): ManagedFile[] {
  return [
    {
      path: '.githooks/pre-commit',
      ownership: 'whole',
      comment: HASH,
      executable: true,
      content: `#!/bin/sh
# Checks the staged files. Skip it once with: git commit --no-verify
set -eu
run=\${CDS_FLOW:-npx --no-install cds flow}
staged=$(mktemp)
trap 'rm -f "$staged"' EXIT
git diff --cached --name-only -z --diff-filter=ACMR >"$staged"
[ -s "$staged" ] || exit 0
xargs -0 $run check encoding secrets markdown -- <"$staged"
`,
    },
  ];
}

/** Targets in a file of their own; the Makefile only includes it. */
export function makeFiles(): ManagedFile[] {
  return [
    {
      path: 'flow.mk',
      ownership: 'whole',
      comment: HASH,
      content: `CDS_FLOW ?= npx --no-install cds flow

.PHONY: dev staging prod fix docs encoding-strict verify

dev: ## live reload, no service worker, no caching
	$(CDS_FLOW) dev

staging: encoding-strict ## the whole build behind production headers, on this machine
	$(CDS_FLOW) staging

prod: encoding-strict ## build, deploy, purge and verify
	$(CDS_FLOW)

fix: ## repairs what is certain, and shows it
	$(CDS_FLOW) check encoding --fix --write

docs: ## Markdown and links
	$(CDS_FLOW) check markdown links

encoding-strict: ## fails on anything that is not clean UTF-8
	$(CDS_FLOW) check encoding

verify: ## compares the live site with the release
	$(CDS_FLOW) verify
`,
    },
    { path: 'Makefile', ownership: 'block', comment: HASH, content: 'include flow.mk\n' },
  ];
}

/** GitHub Actions: checks on every push, a build that must come out the same twice, a deploy of the main branch. */
export function githubFiles(): ManagedFile[] {
  return [
    {
      path: '.github/workflows/flow.yml',
      ownership: 'whole',
      comment: HASH,
      content: `name: flow
on:
  push:
  pull_request:
permissions:
  contents: read
concurrency:
  group: flow-\${{ github.ref }}
  cancel-in-progress: false
jobs:
  check:
    runs-on: ubuntu-latest
    permissions:
      contents: read
      security-events: write
    steps:
      - uses: actions/checkout@v4
        with: { fetch-depth: 0, persist-credentials: false }
      - uses: actions/setup-node@v4
        with: { node-version: 24, cache: npm }
      - run: npm ci
      - run: npx --no-install cds flow check all --format sarif > flow.sarif
      - if: always() && github.event_name == 'push'
        uses: github/codeql-action/upload-sarif@v3
        with: { sarif_file: flow.sarif }
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: { fetch-depth: 0, persist-credentials: false }
      - uses: actions/setup-node@v4
        with: { node-version: 24, cache: npm }
      - run: npm ci
      - run: npx --no-install cds flow build --out release-one
      - run: TZ=Pacific/Auckland LC_ALL=C npx --no-install cds flow build --out release-two
      - run: diff -r release-one release-two
  deploy:
    if: github.ref == 'refs/heads/main' && github.event_name == 'push'
    needs: [check, build]
    runs-on: ubuntu-latest
    environment: production
    steps:
      - uses: actions/checkout@v4
        with: { fetch-depth: 0, persist-credentials: false }
      - uses: actions/setup-node@v4
        with: { node-version: 24, cache: npm }
      - run: npm ci
      - run: npx --no-install cds flow
        env:
          CLOUDFLARE_API_TOKEN: \${{ secrets.CLOUDFLARE_API_TOKEN }}
          AWS_ACCESS_KEY_ID: \${{ secrets.AWS_ACCESS_KEY_ID }}
          AWS_SECRET_ACCESS_KEY: \${{ secrets.AWS_SECRET_ACCESS_KEY }}
`,
    },
  ];
}

/** GitLab CI: the same three jobs. */
export function gitlabFiles(): ManagedFile[] {
  return [
    {
      path: '.gitlab-ci.yml',
      ownership: 'whole',
      comment: HASH,
      content: `default:
  image: node:24-bookworm
  before_script:
    - npm ci
variables:
  GIT_DEPTH: "0"
stages: [check, build, deploy]
flow-check:
  stage: check
  script:
    - npx --no-install cds flow check all
flow-build:
  stage: build
  script:
    - npx --no-install cds flow build --out release-one
    - TZ=Pacific/Auckland LC_ALL=C npx --no-install cds flow build --out release-two
    - diff -r release-one release-two
flow-deploy:
  stage: deploy
  rules:
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
  resource_group: production
  environment: production
  script:
    - npx --no-install cds flow
`,
    },
  ];
}

/** A configuration to begin with, and what git and editors should know. */
export function configFiles(): ManagedFile[] {
  return [
    {
      path: 'flow.config.ts',
      ownership: 'whole',
      comment: ['// ', ''],
      content: `export default {
  site: {
    // url: 'https://example.org/',
  },
  deploy: {
    targets: [
      // { kind: 'local', path: '/srv/www/site' },
      // { kind: 'ssh', host: 'example.org', user: 'deploy', path: '/srv/www/site' },
    ],
  },
};
`,
    },
    { path: '.gitignore', ownership: 'block', comment: HASH, content: '.flow/\n' },
    {
      path: '.editorconfig',
      ownership: 'whole',
      comment: HASH,
      content: `root = true

[*]
charset = utf-8
end_of_line = lf
insert_final_newline = true
`,
    },
  ];
}
