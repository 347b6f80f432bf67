#pragma warning disable
using System.Security.Cryptography;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Packs;
namespace GatewayOS.Store.Keys {
public abstract record StoreSecret { public sealed record Passphrase(string Text):StoreSecret; public sealed record KeyFile(byte[] Bytes):StoreSecret; public sealed record Recovery(string Text):StoreSecret; }
public sealed record KdfCost(int MemoryKiB,int Iterations,int Lanes);
public sealed record KeySlotInfo(string Id,string Kind,string Label,DateTimeOffset Created,string Kdf);
internal sealed class MasterKey:IDisposable{ byte[] k=new byte[32]; public static MasterKey Generate(EntropySource e){return new MasterKey();} public void DeriveKey(string p,ReadOnlySpan<byte> s,Span<byte> o){HKDF.DeriveKey(HashAlgorithmName.SHA256,k,o,s,System.Text.Encoding.UTF8.GetBytes(p));} public void Dispose(){} }
internal static class KeySlotFiles{ public static KeySlotInfo Add(IStoreDisk d,string owner,MasterKey m,StoreSecret s,string label,byte[] b,KdfCost? c,TimeProvider t)=>null!; public static MasterKey Unlock(IStoreDisk d,StoreSecret s,byte[] b)=>new(); public static IReadOnlyList<KeySlotInfo> List(IStoreDisk d)=>[]; public static KeySlotInfo Remove(IStoreDisk d,string i)=>null!; public static string? Check(IStoreDisk d,string p)=>null; }
}
