/* A voice note is recorded in the browser and goes into the form's own file field: it is sent with the rest. */

const TYPES = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"]; // Chromium and Firefox, Safari, old ones
const BITS_PER_SECOND = 32000; // speech; five minutes are 1.2 MB

class VoiceNote {
  constructor(box) {
    this.box = box;
    this.form = box.closest("form");
    this.input = box.querySelector("input[type=file]");
    this.seconds = this.form.elements.seconds;
    for (const name of ["record", "stop", "play", "delete", "clock", "say"]) {
      this[name] = box.querySelector(`[data-${name}]`);
    }
    this.chooser = this.input.closest("label");
    this.record.addEventListener("click", () => this.begin());
    this.stop.addEventListener("click", () => this.end());
    this.delete.addEventListener("click", () => this.forget());
    this.form.addEventListener("submit", (event) => this.beforeSending(event));
    this.forget();
  }

  show(state) {
    this.record.hidden = state !== "empty";
    this.stop.hidden = state !== "recording";
    this.play.hidden = this.delete.hidden = state !== "recorded";
    this.chooser.hidden = state !== "chooser";
  }

  async begin() {
    this.say.hidden = true;
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch (error) {
      this.chooseInstead(error.name === "NotFoundError" ? this.box.dataset.missing : this.box.dataset.denied);
      return;
    }
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: BITS_PER_SECOND });
    const parts = [];
    this.recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
    this.recorder.addEventListener("stop", () => this.keep(parts, stream));
    this.recorder.start();
    this.begun = performance.now();
    this.ticking = setInterval(() => this.tick(), 250);
    this.tick();
    this.show("recording");
    this.stop.focus();
  }

  get length() {
    return Math.round((performance.now() - this.begun) / 1000);
  }

  tick() {
    const length = this.length;
    this.clock.textContent = `${Math.floor(length / 60)}:${String(length % 60).padStart(2, "0")}`;
    if (length >= this.box.dataset.mostSeconds) {
      this.end();
    }
  }

  end() {
    clearInterval(this.ticking);
    if (this.recorder.state === "inactive") {
      return;
    }
    this.seconds.value = Math.min(Math.max(this.length, 1), this.box.dataset.mostSeconds);
    this.recorder.stop();
  }

  keep(parts, stream) {
    stream.getTracks().forEach((track) => track.stop()); // the browser's red sign goes out
    const type = this.recorder.mimeType.split(";")[0];
    const file = new File(parts, `voice.${type.split("/")[1]}`, { type });
    const files = new DataTransfer();
    files.items.add(file);
    this.input.files = files.files;
    this.play.src = URL.createObjectURL(file);
    this.show("recorded");
    if (this.waiting) {
      this.form.requestSubmit(this.waiting);
    }
  }

  forget() {
    URL.revokeObjectURL(this.play.src);
    this.play.removeAttribute("src");
    this.input.value = this.seconds.value = "";
    this.show("empty");
  }

  chooseInstead(sentence) {
    this.say.textContent = sentence;
    this.say.hidden = false;
    this.show("chooser");
  }

  /* Sent while it records: what was said until now goes along. */
  beforeSending(event) {
    if (!this.recorder || this.recorder.state !== "recording") {
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    this.waiting = event.submitter;
    this.end();
  }
}

// Without https a browser lends its microphone to nobody: the file field stays as it is.
if (navigator.mediaDevices && window.MediaRecorder) {
  document.querySelectorAll("[data-voice]").forEach((box) => new VoiceNote(box));
}
