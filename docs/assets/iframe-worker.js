// Search from a disk: on file:// a browser starts no Worker, so a hidden frame does its work.
// It has what the search of the site needs of a Worker: messages both ways, and importScripts.
if (location.protocol === "file:") {
  window.IFrameWorker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      const inside = frame.contentWindow;
      inside.document.open();
      inside.document.write("<!doctype html><title>search</title>");
      inside.document.close();
      inside.postMessage = (data) => {
        this.dispatchEvent(new MessageEvent("message", { data }));
      };
      inside.importScripts = (...urls) =>
        urls.reduce((before, each) => before.then(() => run(each)), Promise.resolve());
      const run = (address) =>
        new Promise((done, failed) => {
          const script = inside.document.createElement("script");
          script.src = new URL(address, document.baseURI);
          script.onload = done;
          script.onerror = failed;
          inside.document.head.append(script);
        });
      this.frame = frame;
      this.ready = run(url);
    }

    postMessage(data) {
      const inside = this.frame.contentWindow;
      this.ready.then(() => {
        inside.dispatchEvent(new inside.MessageEvent("message", { data }));
      });
    }

    terminate() {
      this.frame.remove();
    }
  };
  window.Worker = window.IFrameWorker;
}
