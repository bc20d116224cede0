// Keeps an open tracking page true: SignalR's JSON protocol over a WebSocket, else EventSource, else polling. The page works without it.
(() => {
  'use strict';
  const doc = document, body = doc.body, live = doc.getElementById('live');
  if (!live) return;
  const data = body.dataset, words = live.dataset, base = data.base || location.pathname.replace(/\/$/, '');
  const lang = doc.documentElement.lang, by = n => doc.querySelector('[data-s="' + n + '"]');
  const bar = doc.getElementById('bar'), say = doc.getElementById('say'), pause = doc.getElementById('pause');
  const list = doc.getElementById('lines');
  let version = +data.v, at = +data.at, since = performance.now(), wall = Date.now(), heard = +data.heard || 0, refresh = +data.refresh;
  let paused = false, gone = false, link = null, attempt = 0, timer = 0, lostAt = 0, lostTimer = 0, hiddenTimer = 0, refreshTimer = 0, etag = '';
  let way = 0, fails = 0, wayTimer = 0;            // 0 socket, 1 event source, 2 polling
  let told = '', toldAt = -1e9, tellTimer = 0, shown = text('status') + text('when');

  function text(name) { const e = by(name); return e ? e.textContent : ''; }
  const now = () => at + (performance.now() - since);   // the server's clock: a phone's may be a day off
  const sync = t => { at = t; since = performance.now(); wall = Date.now(); };
  const gap = () => Date.now() - wall - performance.now() + since;   // this clock may stand still while the machine sleeps

  // ---- showing a snapshot ------------------------------------------------------------------------------------------------
  function put(name, value) {
    const e = by(name);
    if (e && e.textContent !== value) { e.textContent = value; flash(e); }
  }
  function flash(e) { e.classList.remove('new'); requestAnimationFrame(() => e.classList.add('new')); }

  function apply(m) {
    if (m && m.look && m.v > version) { fetchNow(); return; }   // news we cannot be sent: of another use of the number
    if (!m || m.v < version || (m.v === version && m.at <= at)) return;
    version = m.v; sync(m.at); heard = m.heard || 0; refresh = m.refresh;
    for (const n of ['status', 'lead', 'when', 'sure', 'before', 'change', 'where', 'whereAt', 'next', 'act', 'note', 'done', 'all']) put(n, m[n] || '');
    doc.title = m.title;
    by('hero').dataset.tone = m.tone;
    by('must').className = m.must ? 'must' : '';
    const steps = by('steps');
    steps.dataset.step = m.step;
    [...steps.children].forEach((li, i) => {
      li.firstElementChild.textContent = m.steps[i];
      i + 1 === m.step ? li.setAttribute('aria-current', 'step') : li.removeAttribute('aria-current');
    });
    fresh(m.fresh);
    const pieces = by('pieces');
    if (pieces) (m.pieces || []).forEach((p, i) => {
      const li = pieces.children[i] || pieces.appendChild(make('li', ['span', ''], ['b', '']));
      li.children[0].textContent = p[0]; li.children[1].textContent = p[1]; li.dataset.tone = p[2];
    });
    lines(m);
    const line = m.status + m.when;
    if (line !== shown) { shown = line; announce(m.say); }
    plan();
  }

  function make(tag, ...children) {
    const e = doc.createElement(tag);
    for (const [t, c] of children) { const k = e.appendChild(doc.createElement(t)); if (c) k.className = c; }
    return e;
  }

  function fresh(sentence) { by('fresh').dataset.text = sentence; ago(); }

  // Rows keep their places; what they say moves down. Boxes that do not move cannot shift the page.
  function lines(m) {
    if (!list) return;
    const total = m.count, more = Math.max(0, total - +list.dataset.n), all = list.hasAttribute('data-all');
    if (all) {
      for (let i = 0; i < more; i++) list.append(make('li'));
      for (let i = list.children.length - 1; more && i >= more; i--) list.children[i].replaceChildren(...list.children[i - more].childNodes);
    }
    m.lines.forEach((l, i) => {
      const li = list.children[i] || list.appendChild(make('li'));
      const words = li.querySelector('.what'), meta = li.querySelector('.meta');
      if (words && words.textContent === l[0] && meta.textContent === l[1]) return;
      const row = make('li', ['span', 'what'], ['span', 'meta']);
      row.children[0].append(l[2] ? doc.createElement('s') : '');
      (l[2] ? row.children[0].lastChild : row.children[0]).append(l[0]);
      row.children[1].textContent = l[1];
      li.replaceChildren(...row.childNodes);
    });
    list.dataset.n = total;
    const none = doc.getElementById('none');
    if (none && total) none.hidden = true;
    const link = by('all');
    if (link && !all) link.hidden = total <= 5;
    if (!m.whole && m.lines.length < Math.min(5, total)) fetchNow();   // the message was cut to its limit
  }

  const relative = window.Intl && Intl.RelativeTimeFormat ? new Intl.RelativeTimeFormat(lang.replace('-XA', '') + '-u-nu-latn') : null;
  function ago() {                                     // one run of text: nothing after the age is pushed along
    if (Math.abs(gap()) > 6e4) look();
    const e = by('fresh'), minutes = Math.max(0, Math.floor((now() - heard) / 6e4));
    if (heard && minutes && !relative) return;
    const age = !heard ? '' : !minutes ? words.now : minutes < 60 ? relative.format(-minutes, 'minute')
      : minutes < 2880 ? relative.format(-Math.floor(minutes / 60), 'hour') : relative.format(-Math.floor(minutes / 1440), 'day');
    const line = e.dataset.text.replace('\u29d6', age);
    if (e.textContent !== line) e.textContent = line;
  }

  // One polite sentence at most every ten seconds; the newest wins.
  function announce(sentence) {
    told = sentence;
    if (tellTimer) return;
    tellTimer = setTimeout(() => { tellTimer = 0; toldAt = performance.now(); say.textContent = told; }, Math.max(0, toldAt + 1e4 - performance.now()));
  }

  // "Today" and "expected by" stop being true by themselves.
  function plan() {
    clearTimeout(refreshTimer);
    const wait = refresh - now();
    if (refresh && wait < 2e9) refreshTimer = setTimeout(fetchNow, Math.max(0, wait) + Math.random() * 3e4);
  }

  // A socket only brings what is newer than the page. After hours of sleep the same parcel has other words: "today" is another day. If nobody slept and only
  // the clock was set, the server's answer puts it right.
  function look() {
    const off = gap();
    if (off > 6e4) since -= off; else if (off < -6e4) wall += off;
    if (!paused && !gone && (off < -6e4 || performance.now() - since > 6e4)) fetchNow();
  }

  // ---- how it is connected -----------------------------------------------------------------------------------------------
  function state(s) {
    live.hidden = false;
    live.dataset.is = s;
    live.textContent = s === 'on' ? words.on : s === 'often' ? words.often : s === 'paused' ? words.paused : '…';
  }
  function well(s) { attempt = 0; lostAt = 0; clearTimeout(lostTimer); lostTimer = 0; bar.hidden = true; state(s); }
  function lost() {
    if (paused || gone) return;
    state('wait');
    if (!lostAt) lostAt = now();
    if (!lostTimer) lostTimer = setTimeout(() => {
      const zone = data.zone ? { timeZone: data.zone } : {};
      bar.textContent = words.lost.replace('\u29d6', new Intl.DateTimeFormat(lang.replace('-XA', '') + '-u-nu-latn', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...zone }).format(at));
      bar.hidden = false;
    }, 1e4);
  }
  function withdrawn() { gone = true; stop(); bar.textContent = words.gone; bar.hidden = false; live.hidden = true; }

  function stop() { clearTimeout(timer); timer = 0; const l = link; link = null; if (l) l(); }
  function again(after) {
    stop();
    if (paused || gone || doc.visibilityState === 'hidden' && hiddenTimer < 0) return;
    const wait = after || Math.random() * Math.min(3e4, 1e3 * 2 ** Math.min(attempt++, 5));
    timer = setTimeout(start, wait);
  }
  function failed(after) {
    lost();
    if (way < 2 && ++fails >= 2) {
      way++; fails = 0;
      clearTimeout(wayTimer);
      wayTimer = setTimeout(() => { way = 0; fails = 0; if (!paused) { stop(); start(); } }, 3e5);   // what blocked sockets may be gone
    }
    again(after);
  }
  function start() {
    stop();
    if (paused || gone) return;
    [socket, events, poll][way]();
  }

  function socket() {
    if (!window.WebSocket) { way = 1; return start(); }
    const end = '\u001e', url = location.origin.replace(/^http/, 'ws') + '/hubs/tracking';
    let open = false, over = false, alive = performance.now(), beat = 0, ws;
    try { ws = new WebSocket(url); } catch { return failed(); }
    const send = o => ws.send(JSON.stringify(o) + end);
    const close = () => { over = true; clearInterval(beat); ws.onmessage = ws.onclose = ws.onerror = null; try { ws.close(); } catch { } };
    link = close;
    ws.onopen = () => send({ protocol: 'json', version: 1 });
    beat = setInterval(() => {
      if (performance.now() - alive > (open ? 3e4 : 8e3)) { close(); open ? (lost(), again()) : failed(); }
      else if (open) send({ type: 6 });
    }, 4e3);
    ws.onmessage = e => {
      alive = performance.now();
      for (const part of e.data.split(end)) {
        if (!part || over) continue;
        const m = JSON.parse(part);
        if (!open) {
          if (m.error) { close(); return failed(); }
          open = true;
          send({ type: 1, invocationId: '1', target: 'Watch', arguments: [decodeURIComponent(base.slice(base.lastIndexOf('/') + 1)), version, lang] });
        } else if (m.type === 1 && m.target === 'Update') apply(m.arguments[0]);
        else if (m.type === 1 && m.target === 'Later') { close(); lost(); again(m.arguments[0]); }
        else if (m.type === 1 && m.target === 'Gone') withdrawn();
        else if (m.type === 3) {
          if (!m.error) { fails = 0; well('on'); apply(m.result); }
          else if (/gone/.test(m.error)) withdrawn();
          else { close(); way = 2; start(); }             // too many pages open: polling is kinder
        } else if (m.type === 7) { close(); lost(); again(); }
      }
    };
    ws.onclose = ws.onerror = () => { if (over) return; close(); open ? (lost(), again()) : failed(); };
  }

  function events() {
    if (!window.EventSource) { way = 2; return start(); }
    const es = new EventSource(base + '/events?lang=' + lang + '&v=' + version);
    link = () => es.close();
    es.onopen = () => { fails = 0; well('on'); };
    es.onmessage = e => { fails = 0; well('on'); apply(JSON.parse(e.data)); };
    es.addEventListener('gone', withdrawn);
    es.addEventListener('later', e => { es.close(); lost(); again(+e.data); });
    es.onerror = () => { es.close(); failed(); };
  }

  async function poll() {
    let stopped = false;
    link = () => { stopped = true; };
    const [ok, after] = await fetchNow();
    if (stopped) return;
    if (ok) { well('often'); timer = setTimeout(poll, (after || 4e4) * (.75 + Math.random() / 2)); } else { lost(); again(after); }
  }

  // Whether it worked, and the milliseconds that the server asks us to wait.
  async function fetchNow() {
    try {
      const r = await fetch(base + '/view.json?lang=' + lang, { headers: etag ? { 'If-None-Match': etag } : {}, cache: 'no-store', credentials: 'same-origin' });
      if (r.status === 404) { withdrawn(); return [false, 0]; }
      const after = 1e3 * (+r.headers.get('Retry-After') || 0);
      const t = Date.parse(r.headers.get('Date'));
      if (r.status === 304 && t) { sync(t); ago(); plan(); }
      if (r.status === 200) { etag = r.headers.get('ETag') || ''; apply(await r.json()); }
      else if (r.status !== 304) return [false, after];
      return [true, after];
    } catch { return [false, 0]; }
  }

  // ---- the reader --------------------------------------------------------------------------------------------------------
  if (pause) pause.hidden = false;
  if (pause) pause.onclick = () => {
    paused = !paused;
    pause.textContent = paused ? words.resume : words.pause;
    pause.setAttribute('aria-pressed', paused);
    if (paused) { stop(); clearTimeout(lostTimer); lostTimer = 0; bar.hidden = true; state('paused'); } else { attempt = 0; start(); }
  };
  const paper = doc.getElementById('print'), share = doc.getElementById('share');
  if (paper) { paper.hidden = false; paper.onclick = () => print(); }
  if (share) share.onclick = e => {
    const it = { title: doc.title, url: share.dataset.url };
    if (navigator.share) { e.preventDefault(); navigator.share(it).catch(() => { }); }
    else if (navigator.clipboard) { e.preventDefault(); navigator.clipboard.writeText(it.url).then(() => announce(share.textContent = words.copied), () => { location = share.href; }); }
  };
  doc.addEventListener('visibilitychange', () => {
    clearTimeout(hiddenTimer); hiddenTimer = 0;
    if (doc.visibilityState === 'hidden') hiddenTimer = setTimeout(() => { stop(); hiddenTimer = -1; }, +words.rest || 3e5);
    else { if (!link && !timer) { attempt = 0; start(); } look(); ago(); }
  });
  addEventListener('pagehide', stop);
  addEventListener('pageshow', e => { if (e.persisted) { attempt = 0; start(); look(); } });
  addEventListener('offline', lost);
  addEventListener('online', () => { attempt = 0; if (!paused) start(); });
  if (parent !== window) new ResizeObserver(() => parent.postMessage({ tracking: body.offsetHeight }, '*')).observe(body);   // a shop's page makes room for us
  setInterval(ago, 2e4);
  ago();
  plan();
  start();
})();
