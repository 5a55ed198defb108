/**
 * The first JavaScript that runs: refuses a Node that is too old, checks every byte of the file, and defines `go`, which
 * starts the agent. In the syntax and API of the oldest Node that anyone may have put on board, because it is the one to
 * say that it is too old. Run by `node -e` through the launcher, or by `node payload-fetch` as CommonJS or ES module.
 */
var go = (function (require) {
  var fs = require('fs');
  var file = process.argv[1];
  var root = process.env.PAYLOAD_ROOT || '';
  var notice = root + '/outbox/@notice@';
  // What V8 compiled in an earlier run, kept where Node is: a third of the time that a start takes.
  var cache = root + '/persist/.@agent@-v8-cache';
  var version = process.versions.node.split('.');
  var bytes, end, digest, body, llhttp, cached, valid, script;

  function refuse(sentence, exitCode) {
    try {
      fs.writeFileSync(notice, sentence + '\n');
    } catch (error) {
      console.error(sentence);
    }
    process.exit(exitCode);
  }

  function sha256(content) {
    return require('crypto').createHash('sha256').update(content).digest('latin1');
  }

  // Made of this very bundle, by this very Node, and not damaged since.
  function seal(compiled) {
    return sha256(Buffer.concat([compiled, Buffer.from(digest + process.version, 'latin1')]));
  }

  if (version[0] * 1e6 + version[1] * 1e3 + +version[2] < +'@oldest@')
    refuse(
      '@node-too-old.sentence@'.replace('{node}', process.execPath).replace('{version}', process.versions.node),
      +'@node-too-old.exitCode@',
    );

  try {
    bytes = fs.readFileSync(file);
    // At the end of the file: SHA-256 of all before it, and the two bytes that close the comment around the body.
    end = bytes.length - 34;
    digest = sha256(bytes.slice(0, end));
    if (digest !== bytes.toString('latin1', end, end + 32)) throw file;
    body = require('zlib').brotliDecompressSync(bytes.slice(bytes.indexOf('\ngo()/*') + 7, end));
    llhttp = body.indexOf(0);
    try {
      cached = fs.readFileSync(cache);
      valid = seal(cached.slice(32)) === cached.toString('latin1', 0, 32);
    } catch (error) {}
    script = new (require('vm').Script)('(function(require,llhttp){' + body.toString('latin1', 0, llhttp) + '\n})', {
      filename: file,
      cachedData: valid ? cached.slice(32) : void 0,
    });
  } catch (error) {
    refuse('@bundle-damaged.sentence@', +'@bundle-damaged.exitCode@');
  }

  return function () {
    try {
      fs.unlinkSync(notice);
    } catch (error) {}
    // The first run that ends well leaves an empty file, and the second what it compiled: one that is alone pays nothing.
    if (!valid || script.cachedDataRejected)
      process.once('exit', function (exitCode) {
        if (exitCode) return;
        var compiled;
        try {
          if (!cached) fs.writeFileSync(cache, '');
          else {
            compiled = script.createCachedData();
            fs.writeFileSync(cache + process.pid, seal(compiled) + compiled.toString('latin1'), 'latin1');
            fs.renameSync(cache + process.pid, cache);
          }
        } catch (error) {}
      });
    script.runInThisContext()(require, body.slice(llhttp));
  };
})(typeof require === 'function' ? require : process.getBuiltinModule);
