// Watches one link with the official client and prints each snapshot as a line: node watch.mjs <address> <token> <version> <language>
import { HubConnectionBuilder, HttpTransportType, LogLevel } from '@microsoft/signalr';

const [address, token, version, language] = process.argv.slice(2);
const hub = new HubConnectionBuilder()
  .withUrl(address + '/hubs/tracking', { skipNegotiation: true, transport: HttpTransportType.WebSockets })
  .configureLogging(LogLevel.Error)
  .build();
hub.on('Update', snapshot => console.log('update ' + JSON.stringify(snapshot)));
hub.on('Later', () => { });
hub.on('Gone', () => console.log('gone'));
await hub.start();
try { console.log('watching ' + JSON.stringify(await hub.invoke('Watch', token, +version, language))); }
catch (refused) { console.log('refused ' + refused.message); await hub.stop(); }
process.stdin.on('data', async () => { await hub.stop(); process.exit(0); });
