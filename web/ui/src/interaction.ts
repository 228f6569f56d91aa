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
listenToKeys(player, findings, new Reviewing(findings));
await Promise.all([drawWaveform(player, findings), drawPeople(player)]);
// A link to a moment: `?at=12.3#finding-greets`.
const at_s = Number(new URLSearchParams(location.search).get("at"));
const linked = document.getElementById(location.hash.slice(1));
if (linked?.matches(".finding")) findings.select(linked);
if (at_s > 0) player.seek(at_s);
