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
  return client.start().catch(async () => {
    // The client says only that there is no connection.
    const settings = "Open Settings";
    const chosen = await vscode.window.showErrorMessage(
      `mmcheck cannot be started as "${[command, ...args].join(" ")}". Install it, put it on the PATH of the ` +
        "editor, or say in mmcheck.command where it is; then reload the window.",
      settings,
    );
    if (chosen === settings) vscode.commands.executeCommand("workbench.action.openSettings", "mmcheck.command");
  });
}

function deactivate() {
  return client === undefined ? undefined : client.stop();
}

module.exports = { activate, deactivate };
