namespace GatewayOS.Appliance.Raid;

/// <summary>What the light of a bay says (SFF-8489). Of several reasons the one that comes later here is shown.</summary>
public enum BayLight
{
    /// <summary>Nothing is to be said.</summary>
    Off,

    /// <summary>The disk takes part in a rebuild.</summary>
    Rebuild,

    /// <summary>The disk has failed or will, or is missing.</summary>
    Fault,

    /// <summary>This is the bay to reach for.</summary>
    Locate,
}

/// <summary>Lights of the disk bays, and the line that tells people at the appliance what to do. Implementations return at once and never throw.</summary>
public interface IBayLights
{
    /// <summary>Sets a bay's light; told once with each change.</summary>
    /// <param name="bay">The bay's number in the hardware profile.</param>
    /// <param name="light">What it says.</param>
    void Set(int bay, BayLight light);

    /// <summary>Shows people at the appliance what to do next about its disks; told once with each change.</summary>
    /// <param name="text">One sentence; empty when there is nothing to do.</param>
    void Tell(string text);
}

/// <summary>Keeps what is wished, so that it can be shown elsewhere. Thread-safe.</summary>
public sealed class RecordedBayLights : IBayLights
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<int, BayLight> _lights = [];
    private string _text = "";

    /// <summary>Bays whose light is not off.</summary>
    public IReadOnlyDictionary<int, BayLight> Lights
    {
        get
        {
            lock (_gate)
            {
                return new SortedDictionary<int, BayLight>(_lights);
            }
        }
    }

    /// <summary>What people are told.</summary>
    public string Text
    {
        get
        {
            lock (_gate)
            {
                return _text;
            }
        }
    }

    /// <inheritdoc/>
    public void Set(int bay, BayLight light)
    {
        lock (_gate)
        {
            _lights.Remove(bay);
            if (light != BayLight.Off)
            {
                _lights.Add(bay, light);
            }
        }
    }

    /// <inheritdoc/>
    public void Tell(string text)
    {
        lock (_gate)
        {
            _text = text;
        }
    }
}
