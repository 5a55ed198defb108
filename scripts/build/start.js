/**
 * Runs the agent, whose JavaScript is the beginning of `content` up to the first NUL and whose llhttp is the rest of it,
 * with what V8 compiled of it in an earlier run: that is a third of the time which a start takes. `digest` is the
 * bundle's own.
 */
(require, file, content, cachePath, digest) => {
  const fs = require('fs');
  const { Script } = require('vm');
  // payload-serve leaves the directory in which it was started.
  cachePath = require('path').resolve(cachePath);

  /**
   * Holds for what was compiled of this very bundle, by this very Node, and was not damaged since. V8 itself looks at its
   * version alone: what a Node of that version compiled for another processor, or was built otherwise, makes it crash.
   */
  const seal = (compiled) =>
    require('crypto')
      .createHash('sha256')
      .update(compiled)
      .update(digest + process.version + process.arch + fs.statSync(process.execPath).size, 'latin1')
      .digest();

  const end = content.indexOf(0);
  const llhttp = content.subarray(end);
  // For the few headers that it reads here, the optimizing compiler would work for 70 ms and more beside the start of the
  // transfer, in 25 MiB of memory. Before anything is compiled, and for good: V8 takes no code of other flags than it has.
  if (llhttp.length > 1) require('v8').setFlagsFromString('--liftoff-only');

  let kept, compiled;
  try {
    kept = fs.readFileSync(cachePath);
    if (seal(kept.subarray(32)).equals(kept.subarray(0, 32))) compiled = kept.subarray(32);
  } catch {}

  const script = new Script(`(function(require,llhttp){${content.toString('latin1', 0, end)}\n})`, {
    filename: file,
    cachedData: compiled,
  });

  // The first run that ends well leaves an empty file, and the second what it compiled: one that is alone pays nothing.
  if (!compiled || script.cachedDataRejected)
    process.once('exit', (exitCode) => {
      if (exitCode) return;
      try {
        if (!kept) return fs.writeFileSync(cachePath, '');
        const data = script.createCachedData();
        fs.writeFileSync(cachePath + process.pid, Buffer.concat([seal(data), data]));
        fs.renameSync(cachePath + process.pid, cachePath);
      } catch {}
    });

  script.runInThisContext()(require, llhttp);
};
