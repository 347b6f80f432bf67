using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace GatewayOS.Architecture.Tests;

/// <summary>
/// What is published is not what was compiled: the trimmer rewrites method bodies. It has been seen to drop the finally of a lock (trimmer 10.0.12), which shows
/// as a program that waits for ever, now and then, once a connection breaks.
/// </summary>
public sealed class TrimmingTests
{
    [Theory]
    [InlineData("GatewayOS.Cli")]
    [InlineData("GatewayOS.Daemon")]
    [InlineData("GatewayOS.Agent")]
    public void Every_lock_that_is_entered_is_left(string project)
    {
        string output = Directory.GetDirectories(Path.Join(Repository.Root, "src", project, "obj/Release/net10.0"), "linux-*").FirstOrDefault(directory => Directory.Exists(Path.Join(directory, "linked")))
            ?? throw new DirectoryNotFoundException($"{project} has not been published. Run './build.sh build' first.");
        string originals = Path.Join(Repository.Root, "src", project, "bin/Release/net10.0", Path.GetFileName(output));
        string[] lost = [.. Directory.GetFiles(Path.Join(output, "linked"), "*.dll").SelectMany(trimmed => LocksLost(trimmed, Path.Join(originals, Path.GetFileName(trimmed))))];
        Assert.True(lost.Length == 0, $"The trimmer dropped the end of locks in {string.Join(", ", lost)}. Take the assembly over whole, as Directory.Build.targets does with another.");
    }

    [Fact]
    public void A_lock_without_an_end_is_noticed()
    {
        // This assembly against one that is not there: whatever is unbalanced here counts.
        Assert.Contains(LocksLost(typeof(TrimmingTests).Assembly.Location, "/nowhere"), lost => lost.EndsWith(nameof(NeverLeaves), StringComparison.Ordinal));
    }

    private static void NeverLeaves(object gate)
    {
        bool taken = false;
        Monitor.Enter(gate, ref taken);
    }

    private static IEnumerable<string> LocksLost(string trimmed, string original)
    {
        HashSet<string> unbalanced = Unbalanced(trimmed);
        if (unbalanced.Count > 0 && File.Exists(original))
        {
            // Some methods enter and leave in different places by design.
            unbalanced.ExceptWith(Unbalanced(original));
        }

        return unbalanced.Select(method => $"{Path.GetFileNameWithoutExtension(trimmed)}: {method}");
    }

    // Methods that enter locks more often than they leave them, by full name.
    private static HashSet<string> Unbalanced(string assembly)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        using var file = new PEReader(File.OpenRead(assembly));
        if (!file.HasMetadata)
        {
            return found;
        }

        MetadataReader metadata = file.GetMetadataReader();
        Dictionary<int, int> weights = Weights(metadata);
        foreach (MethodDefinitionHandle handle in metadata.MethodDefinitions)
        {
            MethodDefinition method = metadata.GetMethodDefinition(handle);
            if (method.RelativeVirtualAddress != 0 && Balance(file.GetMethodBody(method.RelativeVirtualAddress).GetILBytes()!, weights) > 0)
            {
                found.Add($"{NameOf(metadata, method.GetDeclaringType())}.{metadata.GetString(method.Name)}");
            }
        }

        return found;
    }

    // Tokens of the methods that enter (+1) and leave (-1).
    private static Dictionary<int, int> Weights(MetadataReader metadata)
    {
        var weights = new Dictionary<int, int>();
        foreach (MemberReferenceHandle handle in metadata.MemberReferences)
        {
            MemberReference member = metadata.GetMemberReference(handle);
            if (member.Parent.Kind == HandleKind.TypeReference)
            {
                Weigh(handle, metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)member.Parent).Name), metadata.GetString(member.Name));
            }
        }

        foreach (MethodDefinitionHandle handle in metadata.MethodDefinitions)
        {
            MethodDefinition method = metadata.GetMethodDefinition(handle);
            Weigh(handle, metadata.GetString(metadata.GetTypeDefinition(method.GetDeclaringType()).Name), metadata.GetString(method.Name));
        }

        return weights;

        void Weigh(EntityHandle handle, string type, string method)
        {
            int weight = (type, method) switch
            {
                ("Monitor", "Enter") or ("Lock", "EnterScope") => 1,
                ("Monitor", "Exit") or ("Scope", "Dispose") => -1,
                _ => 0,
            };
            if (weight != 0)
            {
                weights.Add(MetadataTokens.GetToken(handle), weight);
            }
        }
    }

    private static int Balance(byte[] code, Dictionary<int, int> weights)
    {
        const byte Call = 0x28;
        const byte CallVirtual = 0x6f;
        int balance = 0;
        for (int i = 0; i + 4 < code.Length; i++)
        {
            if (code[i] is Call or CallVirtual)
            {
                balance += weights.GetValueOrDefault(BitConverter.ToInt32(code, i + 1));
            }
        }

        return balance;
    }

    private static string NameOf(MetadataReader metadata, TypeDefinitionHandle handle)
    {
        TypeDefinition type = metadata.GetTypeDefinition(handle);
        string name = metadata.GetString(type.Name);
        return type.GetDeclaringType() is { IsNil: false } outer ? $"{NameOf(metadata, outer)}/{name}" : $"{metadata.GetString(type.Namespace)}.{name}";
    }
}
