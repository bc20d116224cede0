using Tracking.Domain.Shipments;

[assembly: Orleans.GenerateCodeForDeclaringAssembly(typeof(Scan))]
