/** The documentation as a site: `cds flow build --root docs`, or `cds flow dev --root docs` while writing. */
export default {
  site: {
    title: 'CyberDevStudio',
    description: 'A self-hosted AI engineering platform: studio, sandbox, models, agents, production flow.',
    language: 'en',
  },
};
