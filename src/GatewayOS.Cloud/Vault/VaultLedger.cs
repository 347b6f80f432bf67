using System.Globalization;
using System.Text;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault;

/// <summary>
/// What this machine has put into a vault: length, tag and end of the lock of each object, and since when the store has not had it any more. What the vault shows differently was altered there. A cache: without it, or after
/// a crash that lost its newest lines, each object is looked at again before it counts. Thread-safe.
/// </summary>
public sealed class VaultLedger
{
    private const string Head = "gateway-vault-ledger 1";
    private const int Fields = 5;

    private readonly Lock _gate = new();
    private readonly Lock _saving = new();
    private readonly Dictionary<string, VaultObject> _objects = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _goneSince = new(StringComparer.Ordinal);
    private readonly StateDirectory? _directory;
    private readonly string _name;

    private VaultLedger(StateDirectory? directory, string name) => (_directory, _name) = (directory, name);

    /// <summary>Until when the vault had everything that the store had; null when no sync has ended yet.</summary>
    public DateTimeOffset? CompleteUntil { get; private set; }

    /// <summary>How many objects are known.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _objects.Count;
            }
        }
    }

    /// <summary>Reads a ledger; one that is missing or damaged is empty.</summary>
    /// <param name="directory">Where it lies.</param>
    /// <param name="name">Its file.</param>
    public static VaultLedger Open(StateDirectory directory, string name)
    {
        var ledger = new VaultLedger(directory, name);
        if (directory.Read(name) is { } bytes)
        {
            ledger.Parse(Encoding.UTF8.GetString(bytes));
        }

        return ledger;
    }

    /// <summary>A ledger that is kept in memory alone.</summary>
    public static VaultLedger InMemory() => new(null, "");

    /// <summary>Finds what was put under a name.</summary>
    public VaultObject? Find(string name)
    {
        lock (_gate)
        {
            return _objects.GetValueOrDefault(name);
        }
    }

    /// <summary>Everything that was put.</summary>
    public IReadOnlyList<VaultObject> Objects
    {
        get
        {
            lock (_gate)
            {
                return [.. _objects.Values];
            }
        }
    }

    /// <summary>Names of what an audit has found damaged, and nobody has put again.</summary>
    public IReadOnlyList<string> Damaged
    {
        get
        {
            lock (_gate)
            {
                return [.. _objects.Values.Where(known => known.Tag == VaultAudit.DamagedTag).Select(known => known.Name).Order(StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>Notes an object.</summary>
    public void Set(VaultObject put)
    {
        lock (_gate)
        {
            _objects[put.Name] = put;
        }
    }

    /// <summary>Forgets an object.</summary>
    public void Remove(string name)
    {
        lock (_gate)
        {
            _objects.Remove(name);
            _goneSince.Remove(name);
        }
    }

    /// <summary>Notes that the store does not have an object any more.</summary>
    /// <param name="name">The object.</param>
    /// <param name="now">When that was seen.</param>
    /// <returns>When it was first seen.</returns>
    public DateTimeOffset NoteGone(string name, DateTimeOffset now)
    {
        lock (_gate)
        {
            return _goneSince.TryGetValue(name, out DateTimeOffset since) ? since : _goneSince[name] = now;
        }
    }

    /// <summary>True for what is noted as gone from the store.</summary>
    public bool IsGone(string name)
    {
        lock (_gate)
        {
            return _goneSince.ContainsKey(name);
        }
    }

    /// <summary>Notes that the store has an object, again or still.</summary>
    public void NoteThere(string name)
    {
        lock (_gate)
        {
            _goneSince.Remove(name);
        }
    }

    /// <summary>Notes that the vault had everything at a time.</summary>
    public void SetComplete(DateTimeOffset time)
    {
        lock (_gate)
        {
            CompleteUntil = time;
        }
    }

    /// <summary>Makes it durable.</summary>
    /// <exception cref="StoreIoException">It cannot be written; the old one stands.</exception>
    public void Save()
    {
        if (_directory is null)
        {
            return;
        }

        // One at a time, and each with all that was noted before it: who returns from here finds his own note on the disk.
        lock (_saving)
        {
            _directory.Replace(_name, Encoding.UTF8.GetBytes(Text()));
        }
    }

    private string Text()
    {
        var text = new StringBuilder(Head).Append('\n');
        lock (_gate)
        {
            text.Append(CompleteUntil?.ToString("O", CultureInfo.InvariantCulture)).Append('\n');
            foreach (VaultObject entry in _objects.Values)
            {
                text.Append(entry.Name).Append('\t').Append(entry.LengthBytes).Append('\t').Append(entry.Tag).Append('\t')
                    .Append(entry.LockedUntil?.ToString("O", CultureInfo.InvariantCulture)).Append('\t')
                    .Append(_goneSince.TryGetValue(entry.Name, out DateTimeOffset since) ? since.ToString("O", CultureInfo.InvariantCulture) : "").Append('\n');
            }
        }

        return text.ToString();
    }

    private void Parse(string text)
    {
        string[] lines = text.Split('\n');
        if (lines.Length < 2 || lines[0] != Head)
        {
            return;
        }

        CompleteUntil = Time(lines[1]);
        foreach (string line in lines.Skip(2))
        {
            string[] fields = line.Split('\t');
            if (fields.Length == Fields && long.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out long length))
            {
                _objects[fields[0]] = new VaultObject(fields[0], length, fields[2], null, Time(fields[3]));
                if (Time(fields[4]) is { } since)
                {
                    _goneSince[fields[0]] = since;
                }
            }
        }
    }

    private static DateTimeOffset? Time(string text) =>
        DateTimeOffset.TryParseExact(text, "O", CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out DateTimeOffset time) ? time : null;
}
