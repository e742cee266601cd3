// Starts the language server, `mmcheck lsp`, when a spec is opened. All else is in the server.
"use strict";

const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

function activate() {
  const [command, ...args] = vscode.workspace.getConfiguration("mmcheck").get("command");
  const files = vscode.workspace.createFileSystemWatcher("**/*.mmc");
  client = new LanguageClient(
    "mmcheck",
    "mmcheck",
    { command, args },
    {
      documentSelector: [{ scheme: "file", language: "mmcheck" }],
      synchronize: { fileEvents: files },
    },
  );
  return client.start();
}

function deactivate() {
  return client === undefined ? undefined : client.stop();
}

module.exports = { activate, deactivate };
