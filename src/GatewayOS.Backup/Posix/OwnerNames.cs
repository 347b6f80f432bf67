using System.Collections.Concurrent;
using System.Text;

namespace GatewayOS.Backup.Posix;

/// <summary>
/// Names of user and group IDs, asked from the system once each. Read from the account files: the C library's lookup functions may load
/// network modules in the middle of a backup, and the name is a courtesy beside the number that counts.
/// </summary>
internal sealed class OwnerNames
{
    private const int IdField = 2;

    private readonly ConcurrentDictionary<uint, string> _users = Load("/etc/passwd");
    private readonly ConcurrentDictionary<uint, string> _groups = Load("/etc/group");

    public string User(uint id) => _users.GetValueOrDefault(id, "");

    public string Group(uint id) => _groups.GetValueOrDefault(id, "");

    private static ConcurrentDictionary<uint, string> Load(string file)
    {
        var names = new ConcurrentDictionary<uint, string>();
        try
        {
            foreach (string line in File.ReadLines(file, Encoding.UTF8))
            {
                string[] fields = line.Split(':');
                if (fields.Length > IdField && uint.TryParse(fields[IdField], out uint id))
                {
                    names.TryAdd(id, fields[0]);
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Without account files the numbers stand alone.
        }

        return names;
    }
}
