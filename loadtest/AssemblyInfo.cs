using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Tracking.LoadTest.Tests")]
