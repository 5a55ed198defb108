/**
 * The first JavaScript that runs: refuses a Node that is too old, checks every byte of the file, and defines `go`, which
 * hands over to start.js. In the syntax and API of the oldest Node that anyone may have put on board, because it is the
 * one to say that it is too old. Run by `node --eval` through the launcher, or by `node payload-fetch` as CommonJS or ES
 * module. It stands in the file as it is: what need not be here is in start.js, which is packed.
 */
var go = (function (require) {
  var fs = require('fs');
  var file = process.argv[1];
  var root = process.env.PAYLOAD_ROOT || '';
  var notice = root + '/outbox/@notice@';
  var version = process.versions.node.split('.');
  var bytes, end, digest, body, start;

  function refuse(sentence, exitCode) {
    // Both, since a flipped bit may be here: what garbles the one leaves the other.
    console.error(sentence);
    try {
      fs.writeFileSync(notice, sentence + '\n');
    } catch (error) {}
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
    start = require('vm').runInThisContext(body.toString('latin1', 0, body.indexOf(0)), file);
  } catch (error) {
    refuse('@bundle-damaged.sentence@', +'@bundle-damaged.exitCode@');
  }

  return function () {
    try {
      fs.unlinkSync(notice);
    } catch (error) {}
    start(require, file, body.slice(body.indexOf(0) + 1), root + '/persist/.@agent@-v8-cache', digest);
  };
})(typeof require === 'function' ? require : process.getBuiltinModule);
