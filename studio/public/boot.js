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
  const language = read('cds.language') ?? (navigator.language.toLowerCase().startsWith('de') ? 'de' : 'en');
  document.documentElement.dataset.theme = theme === 'serial-steel' ? theme : 'neon-cyber-night';
  document.documentElement.lang = language === 'de' ? 'de' : 'en';
})();
