// Shows a parcel inside a shop's own page: <script src="https://…/widget.js" data-parcel="{token}" async></script>. Sets no cookie, reads nothing of the page.
(() => {
  'use strict';
  const me = document.currentScript;
  if (!me || !/^[\w.-]{10,128}$/.test(me.dataset.parcel || '')) return;
  const home = new URL(me.src).origin, frame = document.createElement('iframe');
  frame.src = home + '/t/' + me.dataset.parcel + '/embed' + (me.dataset.lang ? '?lang=' + encodeURIComponent(me.dataset.lang) : '');
  frame.title = me.dataset.title || 'Parcel';
  frame.loading = 'lazy';
  frame.referrerPolicy = 'no-referrer';
  frame.setAttribute('sandbox', 'allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox');
  Object.assign(frame.style, { border: '0', width: '100%', height: (+me.dataset.height || 420) + 'px', colorScheme: 'normal' });
  addEventListener('message', e => {
    if (e.origin === home && e.source === frame.contentWindow && e.data && e.data.tracking > 0) frame.style.height = Math.min(e.data.tracking, 2000) + 'px';
  });
  me.after(frame);
})();
