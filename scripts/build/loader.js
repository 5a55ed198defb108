/**
 * The first JavaScript that runs: refuses a Node that is too old, checks every byte of the file, and defines `go`, which
 * starts the agent. In the syntax and API of the oldest Node that anyone may have put on board, because it is the one to
 * say that it is too old. Run by `node -e` through the launcher, or by `node payload-fetch` as CommonJS or ES module.
 */
var go = (function (require) {
  var fs = require('fs');
  var file = process.argv[1];
  var notice = (process.env.PAYLOAD_ROOT || '') + '/outbox/@notice@';
  var version = process.versions.node.split('.');
  var bytes, end, digest, body, llhttp, start;

  function refuse(sentence, exitCode) {
    try {
      fs.writeFileSync(notice, sentence + '\n');
    } catch (error) {
      console.error(sentence);
    }
    process.exit(exitCode);
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
    digest = require('crypto').createHash('sha256').update(bytes.slice(0, end)).digest('latin1');
    if (digest !== bytes.toString('latin1', end, end + 32)) throw file;
    body = require('zlib').brotliDecompressSync(bytes.slice(bytes.indexOf('\ngo()/*') + 7, end));
    llhttp = body.indexOf(0);
    start = require('vm').compileFunction(body.toString('latin1', 0, llhttp), ['require', 'llhttp'], {
      filename: file,
    });
  } catch (error) {
    refuse('@bundle-damaged.sentence@', +'@bundle-damaged.exitCode@');
  }

  return function () {
    try {
      fs.unlinkSync(notice);
    } catch (error) {}
    start(require, body.slice(llhttp));
  };
})(typeof require === 'function' ? require : process.getBuiltinModule);
