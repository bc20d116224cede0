// Lighthouse on a real tracking page, mobile settings, median of five.
//   cd tests/lighthouse && npm ci && node run.mjs [--url http://…/t/…] [--runs 5] [--json FILE]
// Without --url it starts the silo that was built (dotnet build silo -c Release), tells it a parcel and measures that parcel's page.
// Ends 0 when performance >= 98 and accessibility and best practices are 100; 99 when not; 2 when it could not measure.
import { writeFileSync } from 'node:fs';
import { startSilo } from './silo.mjs';

const goals = { performance: 98, accessibility: 100, 'best-practices': 100 };
const option = name => { const at = process.argv.indexOf('--' + name); return at > 0 ? process.argv[at + 1] : undefined; };
const runs = +(option('runs') ?? 5);
const median = numbers => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function main() {
  const { default: lighthouse } = await import('lighthouse');
  const chrome = await import('chrome-launcher');
  const silo = option('url') ? { stop() { } } : await startSilo();
  const url = option('url') ?? (await silo.tell('00340434161094042557', [['LABEL_CREATED', 30, 'Hamburg'], ['ACCEPTED', 20, 'Hamburg'], ['IN_TRANSIT', 9, 'Hannover']])).url;
  await fetch(url);   // what is measured is a page, not a program's first minute
  const browser = await chrome.launch({ chromePath: process.env.CHROME_PATH ?? '/usr/bin/chromium', chromeFlags: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage'] });
  try {
    const scores = {}, seen = {};
    for (let i = 0; i < runs; i++) {
      const { lhr } = await lighthouse(url, { port: browser.port, output: 'json', logLevel: 'error', onlyCategories: Object.keys(goals) });
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
