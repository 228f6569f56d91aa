import { awaitCopy } from "./copying";
import { Findings } from "./findings";
import { listenToKeys } from "./keys";
import { drawPeople } from "./overlay";
import { Player } from "./player";
import { Reviewing } from "./review";
import { searchTranscript } from "./search";
import { followTranscript } from "./transcript";
import { drawWaveform } from "./waveform";

const player = new Player(document.querySelector<HTMLMediaElement>("#media"));
const findings = new Findings(player);
if (player.media) document.body.classList.add("live");
awaitCopy();
followTranscript(player);
searchTranscript();
const reviewing = new Reviewing(findings);
listenToKeys({
  " ": () => player.toggle(),
  j: () => findings.step(1),
  k: () => findings.step(-1),
  Enter: () => findings.playCurrent(),
  "1": () => reviewing.say(0),
  "2": () => reviewing.say(1),
  "3": () => reviewing.say(2),
  "4": () => reviewing.say(3),
  c: () => reviewing.comment(),
  n: () => reviewing.next(),
});
await Promise.all([drawWaveform(player, findings), drawPeople(player)]);
// A link to a moment: `?at=12.3#finding-greets`.
const at_s = Number(new URLSearchParams(location.search).get("at"));
const linked = document.getElementById(location.hash.slice(1));
if (linked?.matches(".finding")) findings.select(linked);
if (at_s > 0) player.seek(at_s);
