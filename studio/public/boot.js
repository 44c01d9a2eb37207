// Runs before the first paint: theme and language of the last visit, else what the system asks for.
(() => {
  const read = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };
  const light = matchMedia('(prefers-color-scheme: light)').matches;
  const theme = read('cds.theme') ?? (light ? 'serial-steel' : 'neon-cyber-night');
  const steel = theme === 'serial-steel';
  const language = read('cds.language') ?? (navigator.language.toLowerCase().startsWith('de') ? 'de' : 'en');
  document.documentElement.dataset.theme = steel ? 'serial-steel' : 'neon-cyber-night';
  document.documentElement.lang = language === 'de' ? 'de' : 'en';
  // The tokens of --bg-chrome, which no style sheet has brought yet.
  document.querySelector('meta[name="theme-color"]')?.setAttribute('content', steel ? '#e9ebee' : '#090b12');
})();
