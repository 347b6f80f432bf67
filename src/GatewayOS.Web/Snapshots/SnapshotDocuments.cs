namespace GatewayOS.Web.Snapshots;

/// <summary>A part of a directory in a snapshot.</summary>
/// <param name="Entries">Its entries in byte order of their names.</param>
/// <param name="Next">What to ask for as <c>after64</c> to go on; absent at the end.</param>
internal sealed record BrowseDocument(IReadOnlyList<BrowseEntry> Entries, string? Next);

/// <summary>An entry of a directory.</summary>
/// <param name="Name64">Its name: bytes, as base64url.</param>
/// <param name="Name">For display: bytes that are no UTF-8, control characters and backslashes as <c>\xNN</c>.</param>
/// <param name="Kind">file, directory, symlink, fifo, character-device, block-device or socket.</param>
/// <param name="Size">Of a file, in bytes.</param>
/// <param name="ModifiedUnixMs">When its content changed last.</param>
/// <param name="Mode">Permission bits.</param>
/// <param name="Link">Target of a symbolic link, for display.</param>
/// <param name="IsIncomplete">True when it could not be read to its end.</param>
internal sealed record BrowseEntry(string Name64, string Name, string Kind, long? Size, long ModifiedUnixMs, uint Mode, string? Link, bool IsIncomplete);

/// <summary>How a directory differs between two snapshots.</summary>
/// <param name="Entries">What differs, in byte order of the names.</param>
/// <param name="IsTruncated">True when there is more.</param>
internal sealed record CompareDocument(IReadOnlyList<CompareEntry> Entries, bool IsTruncated);

/// <summary>A difference.</summary>
/// <param name="Name64">Its name: bytes, as base64url.</param>
/// <param name="Name">For display.</param>
/// <param name="Change">added, removed or changed.</param>
/// <param name="Kind">As in a listing; of the right side, where there is one.</param>
/// <param name="LeftSize">Of a file on the left, in bytes.</param>
/// <param name="RightSize">Of a file on the right, in bytes.</param>
internal sealed record CompareEntry(string Name64, string Name, string Change, string Kind, long? LeftSize, long? RightSize);
