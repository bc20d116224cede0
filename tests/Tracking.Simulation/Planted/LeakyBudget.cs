using Orleans;
using Orleans.Runtime;
using Tracking.Contracts.Orders;
using Tracking.Grains.Recovery;
using Tracking.Simulation.Day;

namespace Tracking.Simulation.Planted;

/// <summary>
/// A bug put in on purpose: whoever wants money looks whether there is enough and then takes it, in two turns. Stands between the purses and the grains; everything else is the real thing.
/// </summary>
internal sealed class LeakyBudget(IGrainFactory grains, Func<Purses> purses) : IGrainFactory
{
    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithStringKey
        => (TGrainInterface)(IGrainWithStringKey)new Share((IBudgetShareGrain)(object)grains.GetGrain<TGrainInterface>(primaryKey, grainClassNamePrefix), primaryKey.Split('/'), purses);

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithIntegerKey => throw new NotSupportedException();
    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId) where TGrainInterface : IAddressable => throw new NotSupportedException();
    public TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj) where TGrainObserverInterface : IGrainObserver => throw new NotSupportedException();
    public void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj) where TGrainObserverInterface : IGrainObserver => throw new NotSupportedException();

    private sealed class Share(IBudgetShareGrain real, string[] key, Func<Purses> purses) : IBudgetShareGrain
    {
        public async Task<bool> Reserve(string offer, long amount, long limit)
        {
            var standing = await purses().StandingAsync(key[0], key[1], key[2]);
            if (standing.Reserved + standing.Spent + amount > limit) return false;
            return await real.Reserve(offer, amount, 1_000_000);
        }

        public Task Spend(string offer, long amount) => real.Spend(offer, amount);
        public Task Release(string offer) => real.Release(offer);
        public Task<BudgetStanding> Standing() => real.Standing();
    }
}
