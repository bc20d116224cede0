// Starts the silo that was built, with a database of its own, and speaks to it as a shop would.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const freePort = () => new Promise(done => { const s = createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => done(port)); }); });
const headers = { Authorization: 'Bearer demo', 'Content-Type': 'application/json' };

export async function startSilo(...settings) {
  const program = ['release', 'debug'].map(kind => join(root, 'artifacts', 'embedded', 'bin', 'Tracking.Silo', kind, 'Tracking.Silo.dll')).find(existsSync);
  if (!program) throw new Error('the silo is not built; dotnet build silo -c Release');
  const folder = mkdtempSync(join(tmpdir(), 'tracking-page-')), address = `http://127.0.0.1:${await freePort()}`;
  const silo = spawn('dotnet', [program, `--Urls=${address}`, `--Data:Folder=${folder}`, '--Logging:LogLevel:Default=Warning', ...settings], { stdio: 'ignore' });
  const stop = () => { silo.kill('SIGINT'); rmSync(folder, { recursive: true, force: true }); };
  for (let i = 0; ; i++) {
    await new Promise(r => setTimeout(r, 150));
    if (await fetch(address + '/health/ready').then(r => r.ok, () => false)) break;
    if (i === 200) { stop(); throw new Error('the silo did not become ready'); }
  }
  const send = async scans => {
    const told = await fetch(address + '/v1/scans', { method: 'POST', headers, body: JSON.stringify(scans) });
    if (!told.ok) throw new Error(`the silo answered ${told.status} to scans`);
    return told.json();
  };
  const scan = (trackingNumber, status, at, city) => ({
    carrier: 'dhl-paket', trackingNumber, status, occurredAt: new Date(at).toISOString().replace(/\.\d+Z/, '+00:00'), place: { city, country: 'DE' },
    journey: { destinationCountry: 'DE', destinationPostalCode: '10115' },
  });
  const link = async number => (await (await fetch(`${address}/v1/shipments/dhl-paket/${number}`, { headers })).json()).trackingUrl;
  /** What happened to a parcel, as [status, hours ago, city]; its page's address. */
  const tell = async (number, story) => {
    await send(story.map(([status, hours, city]) => scan(number, status, Date.now() - hours * 36e5, city)));
    return { url: await link(number) };
  };
  return { address, stop, send, scan, tell, link };
}
