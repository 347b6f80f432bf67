using Google.Protobuf.Reflection;

namespace Grpc.Reflection;

/// <summary>Files by their names, and by what they define: with everything they import. Immutable.</summary>
public sealed class SymbolRegistry
{
    private readonly Dictionary<string, FileDescriptor> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FileDescriptor> _bySymbol = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedDictionary<int, FileDescriptor>> _byExtension = new(StringComparer.Ordinal);

    private SymbolRegistry()
    {
    }

    /// <summary>Takes files and all that they import.</summary>
    public static SymbolRegistry FromFiles(IEnumerable<FileDescriptor> fileDescriptors)
    {
        ArgumentNullException.ThrowIfNull(fileDescriptors);
        var registry = new SymbolRegistry();
        foreach (FileDescriptor file in WithImports(fileDescriptors))
        {
            registry.Add(file);
        }

        return registry;
    }

    /// <summary>A file and all that it imports, each once, the file first.</summary>
    public static IReadOnlyList<FileDescriptor> WithImports(params IEnumerable<FileDescriptor> files)
    {
        var found = new List<FileDescriptor>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var waiting = new Queue<FileDescriptor>(files);
        while (waiting.TryDequeue(out FileDescriptor? file))
        {
            if (names.Add(file.Name))
            {
                found.Add(file);
                file.Dependencies.ToList().ForEach(waiting.Enqueue);
            }
        }

        return found;
    }

    /// <summary>The file of this name, or null.</summary>
    public FileDescriptor? FileByName(string filename) => _byName.GetValueOrDefault(filename);

    /// <summary>The file that defines a message, field, enum, value, service or method, named with its package; or null.</summary>
    public FileDescriptor? FileContainingSymbol(string symbol) => _bySymbol.GetValueOrDefault(symbol);

    /// <summary>The file that defines an extension of a message type, or null.</summary>
    public FileDescriptor? FileContainingExtension(string containingType, int number) => _byExtension.GetValueOrDefault(containingType)?.GetValueOrDefault(number);

    /// <summary>The numbers of all extensions of a message type, ascending; null for an unknown type.</summary>
    public IReadOnlyCollection<int>? ExtensionNumbersOf(string type) =>
        _byExtension.TryGetValue(type, out SortedDictionary<int, FileDescriptor>? extensions) ? extensions.Keys : null;

    private void Add(FileDescriptor file)
    {
        _byName[file.Name] = file;
        Add(file.Extensions, file);
        foreach (MessageDescriptor message in file.MessageTypes)
        {
            Add(message, file);
        }

        foreach (EnumDescriptor type in file.EnumTypes)
        {
            Add(type, file);
        }

        foreach (ServiceDescriptor service in file.Services)
        {
            _bySymbol[service.FullName] = file;
            foreach (MethodDescriptor method in service.Methods)
            {
                _bySymbol[method.FullName] = file;
            }
        }
    }

    private void Add(MessageDescriptor message, FileDescriptor file)
    {
        _bySymbol[message.FullName] = file;
        _byExtension.TryAdd(message.FullName, []);
        Add(message.Extensions, file);
        foreach (FieldDescriptor field in message.Fields.InDeclarationOrder())
        {
            _bySymbol[field.FullName] = file;
        }

        foreach (EnumDescriptor type in message.EnumTypes)
        {
            Add(type, file);
        }

        foreach (MessageDescriptor nested in message.NestedTypes)
        {
            Add(nested, file);
        }
    }

    // Values stand beside their enum, not within it, as in C++.
    private void Add(EnumDescriptor type, FileDescriptor file)
    {
        _bySymbol[type.FullName] = file;
        foreach (EnumValueDescriptor value in type.Values)
        {
            _bySymbol[value.FullName] = file;
        }
    }

    private void Add(ExtensionCollection? extensions, FileDescriptor file)
    {
        foreach (FieldDescriptor extension in extensions?.UnorderedExtensions ?? [])
        {
            _bySymbol[extension.FullName] = file;
            if (!_byExtension.TryGetValue(extension.ExtendeeType.FullName, out SortedDictionary<int, FileDescriptor>? numbers))
            {
                _byExtension[extension.ExtendeeType.FullName] = numbers = [];
            }

            numbers[extension.FieldNumber] = file;
        }
    }
}
