// Lighthouse on a real tracking page, mobile settings, median of five.
//   cd tests/lighthouse && npm ci && node run.mjs [--url http://…/t/…] [--runs 5] [--json FILE]
// Without --url it starts the silo that was built (dotnet build silo -c Release), tells it a parcel and measures that parcel's page.
// Ends 0 when performance >= 98 and accessibility and best practices are 100; 99 when not; 2 when it could not measure.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createServer } from 'node:net';

const goals = { performance: 98, accessibility: 100, 'best-practices': 100 };
const option = name => { const at = process.argv.indexOf('--' + name); return at > 0 ? process.argv[at + 1] : undefined; };
const runs = +(option('runs') ?? 5);
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const median = numbers => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const freePort = () => new Promise(done => { const s = createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => done(port)); }); });

async function startSilo() {
  const program = ['release', 'debug'].map(kind => join(root, 'artifacts', 'embedded', 'bin', 'Tracking.Silo', kind, 'Tracking.Silo.dll')).find(existsSync);
  if (!program) throw new Error('the silo is not built; dotnet build silo -c Release');
  const folder = mkdtempSync(join(tmpdir(), 'tracking-lighthouse-')), address = `http://127.0.0.1:${await freePort()}`;
  const silo = spawn('dotnet', [program, `--Urls=${address}`, `--Data:Folder=${folder}`, '--Logging:LogLevel:Default=Warning'], { stdio: 'ignore' });
  const stop = () => { silo.kill('SIGINT'); rmSync(folder, { recursive: true, force: true }); };
  for (let i = 0; i < 200; i++) {
    await new Promise(r => setTimeout(r, 150));
    if (await fetch(address + '/health/ready').then(r => r.ok, () => false)) break;
    if (i === 199) { stop(); throw new Error('the silo did not become ready'); }
  }
  const headers = { Authorization: 'Bearer demo', 'Content-Type': 'application/json' };
  const ago = hours => new Date(Date.now() - hours * 36e5).toISOString().replace(/\.\d+Z/, '+00:00');
  const scan = (status, hours, city) => ({ carrier: 'dhl-paket', trackingNumber: '00340434161094042557', status, occurredAt: ago(hours), place: { city, country: 'DE' }, journey: { destinationCountry: 'DE', destinationPostalCode: '10115' } });
  const told = await fetch(address + '/v1/scans', { method: 'POST', headers, body: JSON.stringify([scan('LABEL_CREATED', 30, 'Hamburg'), scan('ACCEPTED', 20, 'Hamburg'), scan('IN_TRANSIT', 9, 'Hannover')]) });
  if (!told.ok) { stop(); throw new Error(`the silo answered ${told.status} to a scan`); }
  const parcel = await (await fetch(address + '/v1/shipments/dhl-paket/00340434161094042557', { headers })).json();
  return { url: parcel.trackingUrl, stop };
}

async function main() {
  const { default: lighthouse } = await import('lighthouse');
  const chrome = await import('chrome-launcher');
  const silo = option('url') ? { url: option('url'), stop() { } } : await startSilo();
  const browser = await chrome.launch({ chromePath: process.env.CHROME_PATH ?? '/usr/bin/chromium', chromeFlags: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage'] });
  try {
    const scores = {}, seen = {};
    for (let i = 0; i < runs; i++) {
      const { lhr } = await lighthouse(silo.url, { port: browser.port, output: 'json', logLevel: 'error', onlyCategories: Object.keys(goals) });
      if (lhr.runtimeError) throw new Error(lhr.runtimeError.message);
      for (const name of Object.keys(goals)) (scores[name] ??= []).push(Math.round(lhr.categories[name].score * 100));
      for (const name of ['first-contentful-paint', 'largest-contentful-paint', 'total-blocking-time', 'cumulative-layout-shift', 'total-byte-weight', 'network-requests']) {
        const audit = lhr.audits[name];
        if (audit) (seen[name] ??= []).push(name === 'network-requests' ? audit.details.items.length : audit.numericValue);
      }
      if (i === 0) {
        const failed = Object.values(lhr.audits).filter(a => a.score !== null && a.score < 0.9 && a.scoreDisplayMode !== 'informative' && a.scoreDisplayMode !== 'notApplicable');
        for (const audit of failed) console.log(`  below: ${audit.id} ${audit.score} ${audit.displayValue ?? ''}`);
      }
    }
    const result = { runs, scores: Object.fromEntries(Object.entries(scores).map(([k, v]) => [k, median(v)])), medians: Object.fromEntries(Object.entries(seen).map(([k, v]) => [k, Math.round(median(v) * 1000) / 1000])) };
    console.log(JSON.stringify(result, null, 2));
    if (option('json')) writeFileSync(option('json'), JSON.stringify(result, null, 2) + '\n');
    const missed = Object.entries(goals).filter(([name, goal]) => result.scores[name] < goal);
    for (const [name, goal] of missed) console.log(`${name} is ${result.scores[name]}, below ${goal}`);
    process.exitCode = missed.length ? 99 : 0;
  } finally {
    await browser.kill();
    silo.stop();
  }
}

main().catch(wrong => { console.error(wrong.message); process.exitCode = 2; });
