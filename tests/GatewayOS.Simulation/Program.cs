using GatewayOS.Simulation;

SimulationOptions? options = SimulationOptions.Parse(args, out string error);
if (options is null)
{
    Console.Error.WriteLine(error);
    Console.Error.WriteLine(SimulationOptions.Usage);
    return 2;
}

return options switch
{
    { Prefixes: true } => PrefixReplay.Run(options),
    { Plant: not null } => PlantRun.Run(options),
    _ => SeedRun.Run(options) ? 0 : 1,
};
