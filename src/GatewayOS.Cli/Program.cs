using GatewayOS.Cli.Commands;

return CommandTree.Run(args);
