// Delivery dates before purchase. Put <script src="https://…/promise.v1.js" data-key="tap_live_…" defer></script> on the page and elements with data-promise="banner", "note" or "popup".
// No cookie, nothing stored, no inline style or handler, so a page's content security policy needs only this origin under script-src and connect-src.
(() => {
  'use strict';
  const own = document.currentScript;
  const base = own ? new URL(own.src).origin : '';
  const pageKey = own && own.dataset.key;
  const answers = new Map();

  const sheet = '.tp-promise{font:inherit}.tp-banner{display:block;padding:.5em 1em;text-align:center;background:#eef4fb;color:#1d2430}'
    + '.tp-note{display:block}.tp-sub{opacity:.75;font-size:.9em}.tp-open{font:inherit;background:none;border:0;padding:0;color:inherit;text-decoration:underline;cursor:pointer}'
    + '.tp-box{border:1px solid #b7c0cf;border-radius:.5em;padding:1em;max-width:28em}.tp-list{list-style:none;margin:0 0 1em;padding:0}.tp-list li{padding:.5em 0;border-bottom:1px solid #d5dae2}';
  try {
    const style = new CSSStyleSheet();
    style.replaceSync(sheet);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, style];
  } catch { /* an old browser: the shop's own style holds */ }

  const names = { country: 'country', postalCode: 'postalCode', region: 'region', services: 'service', service: 'service', carrier: 'carrier', warehouse: 'warehouse', holiday: 'holiday', confidence: 'confidence', backlog: 'backlog', lang: 'lang' };

  function address(element) {
    const asked = new URLSearchParams();
    const data = element.dataset;
    for (const [from, to] of Object.entries(names)) if (data[from]) asked.set(to, data[from]);
    const field = data.postalCodeFrom && document.querySelector(data.postalCodeFrom);
    if (field && field.value) asked.set('postalCode', field.value);
    if (!asked.has('lang') && document.documentElement.lang) asked.set('lang', document.documentElement.lang);
    asked.set('key', data.key || pageKey || '');
    return base + '/v1/promise?' + asked;
  }

  function ask(url) {
    const known = answers.get(url);
    if (known && known.until > Date.now()) return known.answer;
    const answer = fetch(url, { credentials: 'omit', referrerPolicy: 'origin' }).then(r => r.ok ? r.json() : null).catch(() => null);
    answers.set(url, { answer, until: Date.now() + 60000 });
    return answer;
  }

  function add(parent, tag, text, name) {
    const child = document.createElement(tag);
    if (text) child.textContent = text;
    if (name) child.className = name;
    parent.append(child);
    return child;
  }

  // "Order within 2 h 10 min …" while the cut-off lies ahead, else the plain line.
  function line(answer, service) {
    const minutes = service.orderBy ? Math.floor((Date.parse(service.orderBy) - Date.now()) / 60000) : -1;
    if (minutes < 1 || minutes > 24 * 60 || !service.text.within) return service.text.line;
    const left = minutes < 60 ? answer.minutes.replace('{m}', minutes) : answer.hours.replace('{h}', Math.floor(minutes / 60)).replace('{m}', minutes % 60);
    return service.text.within.replace('{left}', left);
  }

  function details(parent, answer, service) {
    if (service.name) add(parent, 'strong', service.name).append(document.createElement('br'));
    add(parent, 'span', line(answer, service));
    add(parent, 'br');
    add(parent, 'span', [service.text.arrives, service.text.sure, service.text.notice].filter(Boolean).join(' '), 'tp-sub');
    for (const day of service.orderBefore || []) { add(parent, 'br'); add(parent, 'span', day.text, 'tp-sub'); }
  }

  async function fill(element) {
    const kind = element.dataset.promise;
    const answer = await ask(address(element));
    if (!answer || !answer.services.length) { element.hidden = true; return; }
    element.hidden = false;
    const first = answer.services.reduce((best, s) => s.by && (!best.by || s.by.day < best.by.day) ? s : best);
    const open = element.querySelector('dialog[open]');
    if (open) return;   // somebody is reading
    element.textContent = '';
    element.classList.add('tp-promise');
    element.lang = answer.lang;
    if (answer.lang === 'ar') element.dir = 'rtl';
    if (kind === 'popup') {
      const button = add(element, 'button', line(answer, first), 'tp-open');
      button.type = 'button';
      const box = add(element, 'dialog', '', 'tp-box');
      const list = add(box, 'ul', '', 'tp-list');
      for (const service of answer.services) details(add(list, 'li'), answer, service);
      const close = add(box, 'button', '✕', 'tp-open');
      close.type = 'button';
      close.addEventListener('click', () => box.close());
      button.addEventListener('click', () => box.showModal());
    } else if (kind === 'banner') {
      add(element, 'span', line(answer, first), 'tp-banner');
    } else {
      const note = add(element, 'span', '', 'tp-note');
      if (answer.services.length === 1 || element.dataset.all === undefined) details(note, answer, first);
      else for (const service of answer.services) details(add(note, 'p'), answer, service);
    }
    element.dispatchEvent(new CustomEvent('promise', { bubbles: true, detail: answer }));
  }

  function fillAll() { document.querySelectorAll('[data-promise]').forEach(fill); }

  window.TrackingPromise = { fill: fillAll };
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', fillAll); else fillAll();
  document.addEventListener('change', e => {
    document.querySelectorAll('[data-postal-code-from]').forEach(x => { if (e.target.matches && e.target.matches(x.dataset.postalCodeFrom)) fill(x); });
  });
  setInterval(() => { if (!document.hidden) fillAll(); }, 60000);
})();
