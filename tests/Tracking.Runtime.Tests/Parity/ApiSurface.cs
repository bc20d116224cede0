using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Tracking.Runtime.Tests.Parity;

/// <summary>
/// What others can see of the types in Orleans' namespaces in one assembly, read from its metadata without loading it. Every fact is one line of text, so that
/// two assemblies are compared line by line.
/// </summary>
internal sealed class ApiSurface
{
    /// <summary>Types by full name (nested ones with <c>+</c>, generic ones with their arity).</summary>
    internal Dictionary<string, TypeSurface> Types { get; } = [];

    /// <param name="Shape">Kind, base, generic parameters, attribute usage: must be equal.</param>
    /// <param name="Interfaces">Ours must be among theirs.</param>
    /// <param name="Members">Ours must be among theirs.</param>
    internal sealed record TypeSurface(ImmutableArray<string> Shape, ImmutableHashSet<string> Interfaces, ImmutableHashSet<string> Members);

    internal static ApiSurface Read(string assemblyPath)
    {
        using var file = new PEReader(File.OpenRead(assemblyPath));
        var reader = file.GetMetadataReader();
        var surface = new ApiSurface();
        foreach (var handle in reader.TypeDefinitions)
        {
            var type = reader.GetTypeDefinition(handle);
            var name = Names.Of(reader, handle);
            if (!IsVisible(reader, type) || !(name.StartsWith("Orleans.", StringComparison.Ordinal) || name == "Orleans")) continue;
            surface.Types.Add(name, new Reading(reader, type).Surface());
        }
        return surface;
    }

    /// <summary>Where ours says something that theirs does not, in sentences.</summary>
    internal static IEnumerable<string> Differences(string name, TypeSurface ours, TypeSurface theirs)
    {
        foreach (var (mine, its) in ours.Shape.Zip(theirs.Shape))
        {
            if (mine != its) yield return $"{name}: ours is '{mine}', Orleans' is '{its}'.";
        }
        foreach (var shown in ours.Interfaces.Except(theirs.Interfaces)) yield return $"{name}: ours is {shown}, Orleans' is not.";
        foreach (var member in ours.Members.Except(theirs.Members).Order(StringComparer.Ordinal))
        {
            var word = Word(member);
            var alike = theirs.Members.Where(its => Word(its) == word).Order(StringComparer.Ordinal).ToArray();
            yield return alike.Length == 0
                ? $"{name}: ours has '{member}', Orleans has nothing of that name."
                : $"{name}: ours has '{member}', Orleans has '{string.Join("' and '", alike)}'.";
        }
    }

    /// <summary>The name in a member line: what stands before the first of its brackets or its colon.</summary>
    private static string Word(string member)
    {
        var end = member.IndexOfAny(['(', ':', '`']);
        var head = end < 0 ? member : member[..end];
        return head[(head.TrimEnd().LastIndexOf(' ') + 1)..];
    }

    private static bool IsVisible(MetadataReader reader, TypeDefinition type)
    {
        var visibility = type.Attributes & TypeAttributes.VisibilityMask;
        if (visibility == TypeAttributes.Public) return true;
        return visibility is TypeAttributes.NestedPublic or TypeAttributes.NestedFamily or TypeAttributes.NestedFamORAssem
            && IsVisible(reader, reader.GetTypeDefinition(type.GetDeclaringType()));
    }

    private sealed class Reading(MetadataReader reader, TypeDefinition type)
    {
        private readonly Names _names = new(reader);

        private Scope TypeScope => new(Generics(type.GetGenericParameters()), []);

        internal TypeSurface Surface() => new(
            [Kind(), $"base {(type.BaseType.IsNil ? "none" : Name(type.BaseType, TypeScope))}", $"generic {Constraints(type.GetGenericParameters(), TypeScope)}", AttributeUsage()],
            [.. type.GetInterfaceImplementations().Select(handle => Name(reader.GetInterfaceImplementation(handle).Interface, TypeScope))],
            [.. Methods(), .. Properties(), .. Fields()]);

        private string Kind()
        {
            var attributes = type.Attributes;
            var abstractness = attributes.HasFlag(TypeAttributes.Abstract) ? attributes.HasFlag(TypeAttributes.Sealed) ? "static " : "abstract "
                : attributes.HasFlag(TypeAttributes.Sealed) ? "sealed " : "";
            return attributes.HasFlag(TypeAttributes.Interface) ? "interface" : abstractness + "class" + (Has(type.GetCustomAttributes(), "IsReadOnlyAttribute") ? " readonly" : "");
        }

        private string AttributeUsage()
        {
            foreach (var handle in type.GetCustomAttributes())
            {
                var attribute = reader.GetCustomAttribute(handle);
                if (_names.OfAttribute(attribute) != "System.AttributeUsageAttribute") continue;
                var value = attribute.DecodeValue(_names);
                return $"usage {(AttributeTargets)Convert.ToInt32(value.FixedArguments[0].Value, null)}"
                    + string.Concat(value.NamedArguments.OrderBy(argument => argument.Name, StringComparer.Ordinal)
                        .Where(argument => !(argument.Name == "AllowMultiple" && argument.Value is false) && !(argument.Name == "Inherited" && argument.Value is true))
                        .Select(argument => $", {argument.Name} = {argument.Value}"));
            }
            return "usage none";
        }

        private IEnumerable<string> Methods()
        {
            foreach (var handle in type.GetMethods())
            {
                var method = reader.GetMethodDefinition(handle);
                if (Access(method.Attributes) is not { } access) continue;
                var scope = TypeScope with { Method = Generics(method.GetGenericParameters()) };
                var signature = method.DecodeSignature(_names, scope);
                var parameters = method.GetParameters().Select(reader.GetParameter).Where(parameter => parameter.SequenceNumber > 0).ToDictionary(parameter => parameter.SequenceNumber - 1);
                var list = signature.ParameterTypes.Select((parameterType, index) => parameters.TryGetValue(index, out var parameter)
                    ? $"{(Has(parameter.GetCustomAttributes(), "ParamArrayAttribute") ? "params " : "")}{parameterType} {reader.GetString(parameter.Name)}{Default(parameter)}"
                    : parameterType);
                var extension = Has(method.GetCustomAttributes(), "ExtensionAttribute") ? "this " : "";
                var constraints = method.GetGenericParameters().Count == 0 ? "" : $"`{method.GetGenericParameters().Count} {Constraints(method.GetGenericParameters(), scope)}";
                yield return $"{access}{How(method.Attributes)}{signature.ReturnType} {reader.GetString(method.Name)}{constraints}({extension}{string.Join(", ", list)})";
            }
        }

        private IEnumerable<string> Properties()
        {
            foreach (var handle in type.GetProperties())
            {
                var property = reader.GetPropertyDefinition(handle);
                var accessors = property.GetAccessors();
                if (!new[] { accessors.Getter, accessors.Setter }.Any(one => !one.IsNil && Access(reader.GetMethodDefinition(one).Attributes) is not null)) continue;
                var required = Has(property.GetCustomAttributes(), "RequiredMemberAttribute") ? "required " : "";
                yield return $"property {required}{property.DecodeSignature(_names, TypeScope).ReturnType} {reader.GetString(property.Name)}";
            }
        }

        private IEnumerable<string> Fields()
        {
            foreach (var handle in type.GetFields())
            {
                var field = reader.GetFieldDefinition(handle);
                if (field.Attributes.HasFlag(FieldAttributes.SpecialName)) continue;
                var access = (field.Attributes & FieldAttributes.FieldAccessMask) switch
                {
                    FieldAttributes.Public => "public ",
                    FieldAttributes.Family => "protected ",
                    FieldAttributes.FamORAssem => "protected internal ",
                    _ => null,
                };
                if (access is null) continue;
                var value = field.GetDefaultValue() is { IsNil: false } constant ? $" = {Value(constant)}" : "";
                yield return $"{access}{(field.Attributes.HasFlag(FieldAttributes.Static) ? "static " : "")}{(field.Attributes.HasFlag(FieldAttributes.InitOnly) ? "readonly " : "")}"
                    + $"field {reader.GetString(field.Name)}: {field.DecodeSignature(_names, TypeScope)}{value}";
            }
        }

        private static string? Access(MethodAttributes attributes) => (attributes & MethodAttributes.MemberAccessMask) switch
        {
            MethodAttributes.Public => "public ",
            MethodAttributes.Family => "protected ",
            MethodAttributes.FamORAssem => "protected internal ",
            _ => null,
        };

        /// <summary>A method that is virtual only because it implements an interface cannot be overridden, so it counts as plain.</summary>
        private static string How(MethodAttributes attributes)
        {
            if (attributes.HasFlag(MethodAttributes.Static)) return "static ";
            if (attributes.HasFlag(MethodAttributes.Abstract)) return "abstract ";
            if (!attributes.HasFlag(MethodAttributes.Virtual) || attributes.HasFlag(MethodAttributes.Final)) return "";
            return "virtual ";
        }

        private string Default(Parameter parameter) => parameter.GetDefaultValue() is { IsNil: false } constant ? $" = {Value(constant)}" : "";

        private string Value(ConstantHandle handle)
        {
            var constant = reader.GetConstant(handle);
            return reader.GetBlobReader(constant.Value).ReadConstant(constant.TypeCode)?.ToString() ?? "null";
        }

        private ImmutableArray<string> Generics(GenericParameterHandleCollection parameters) => [.. parameters.Select(handle => reader.GetString(reader.GetGenericParameter(handle).Name))];

        private string Constraints(GenericParameterHandleCollection parameters, Scope scope) => string.Join("; ", parameters.Select(handle =>
        {
            var parameter = reader.GetGenericParameter(handle);
            var types = parameter.GetConstraints().Select(constraint => Name(reader.GetGenericParameterConstraint(constraint).Type, scope)).Order(StringComparer.Ordinal);
            return $"{parameter.Index} {parameter.Attributes & ~GenericParameterAttributes.AllowByRefLike} {string.Join(", ", types)}".TrimEnd();
        }));

        private string Name(EntityHandle handle, Scope scope) => handle.Kind switch
        {
            HandleKind.TypeDefinition => Names.Of(reader, (TypeDefinitionHandle)handle),
            HandleKind.TypeReference => Names.Of(reader, (TypeReferenceHandle)handle),
            _ => reader.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(_names, scope),
        };

        private bool Has(CustomAttributeHandleCollection attributes, string name) =>
            attributes.Any(handle => _names.OfAttribute(reader.GetCustomAttribute(handle)).EndsWith("." + name, StringComparison.Ordinal));
    }

    internal sealed record Scope(ImmutableArray<string> Type, ImmutableArray<string> Method);

    private sealed class Names(MetadataReader reader) : ISignatureTypeProvider<string, Scope>, ICustomAttributeTypeProvider<string>
    {
        internal static string Of(MetadataReader reader, TypeDefinitionHandle handle)
        {
            var type = reader.GetTypeDefinition(handle);
            var name = reader.GetString(type.Name);
            return type.GetDeclaringType() is { IsNil: false } outer ? $"{Of(reader, outer)}+{name}" : Full(reader.GetString(type.Namespace), name);
        }

        internal static string Of(MetadataReader reader, TypeReferenceHandle handle)
        {
            var type = reader.GetTypeReference(handle);
            var name = reader.GetString(type.Name);
            return type.ResolutionScope.Kind == HandleKind.TypeReference ? $"{Of(reader, (TypeReferenceHandle)type.ResolutionScope)}+{name}" : Full(reader.GetString(type.Namespace), name);
        }

        internal string OfAttribute(CustomAttribute attribute) => attribute.Constructor.Kind == HandleKind.MethodDefinition
            ? Of(reader, reader.GetMethodDefinition((MethodDefinitionHandle)attribute.Constructor).GetDeclaringType())
            : reader.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent is { Kind: HandleKind.TypeReference } parent ? Of(reader, (TypeReferenceHandle)parent) : "";

        private static string Full(string space, string name) => space.Length == 0 ? name : $"{space}.{name}";

        public string GetPrimitiveType(PrimitiveTypeCode typeCode) => typeCode.ToString();
        public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => Of(reader, handle);
        public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => Of(reader, handle);
        public string GetTypeFromSpecification(MetadataReader reader, Scope genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
            reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);
        public string GetSZArrayType(string elementType) => elementType + "[]";
        public string GetArrayType(string elementType, ArrayShape shape) => $"{elementType}[{new string(',', shape.Rank - 1)}]";
        public string GetByReferenceType(string elementType) => "ref " + elementType;
        public string GetPointerType(string elementType) => elementType + "*";
        public string GetPinnedType(string elementType) => elementType;
        public string GetFunctionPointerType(MethodSignature<string> signature) => "function pointer";
        public string GetGenericInstantiation(string genericType, ImmutableArray<string> typeArguments) => $"{genericType}<{string.Join(", ", typeArguments)}>";
        public string GetGenericTypeParameter(Scope genericContext, int index) => $"!{index}";
        public string GetGenericMethodParameter(Scope genericContext, int index) => $"!!{index}";
        public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) => $"{unmodifiedType} {(isRequired ? "modreq" : "modopt")}({modifier})";

        public string GetSystemType() => "System.Type";
        public bool IsSystemType(string type) => type == "System.Type";
        public string GetTypeFromSerializedName(string name) => name;
        public PrimitiveTypeCode GetUnderlyingEnumType(string type) => PrimitiveTypeCode.Int32;
    }
}
